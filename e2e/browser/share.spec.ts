// A job that is taken elsewhere is the same job there.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { pageLink } from "./links.ts";
import { controls, expect, slowly, test } from "./longshore.ts";

const run = promisify(execFile);
const nasty = "'$(exit 9)`exit 9`";

test("a job's link, its short form, docker run, curl and programs do what the page does", async ({
  page,
  context,
  longshore,
}) => {
  const job = {
    image: "longshore/shell",
    command: `sh -c 'cat "/inputs/a b.txt" > /outputs/copy.txt; echo "$GREETING"'`,
    env: { GREETING: nasty },
  };
  await page.goto(pageLink(longshore.origin, { job, inputs: { "a b.txt": "two\n\nlines's" } }));
  await controls(page).run.click();
  await expect(controls(page).output("copy.txt")).toContainText("lines's", slowly);

  const jobs = Object.keys(await longshore.jobs());

  await page.getByRole("button", { name: "Share" }).click();
  const dialog = page.getByRole("dialog", { name: "Share" });
  const text = async (name: string) => {
    await dialog.getByRole("radio", { name, exact: true }).check({ force: true });
    return dialog.locator("code").innerText();
  };
  expect(await text("Link")).toBe(page.url());
  expect(await text("Frame")).toContain("<iframe src=");
  expect(JSON.parse(await text("Metapage"))).toMatchObject({ metaframes: { job: { url: page.url() } } });

  const other = await context.newPage();
  await other.goto(await text("Short link"));
  await expect(controls(other).output("copy.txt")).toContainText("lines's");
  await other.close();

  const folder = await mkdtemp(join(tmpdir(), "longshore-share-"));
  try {
    await run("sh", ["-ec", await text("docker run")], { cwd: folder });
    expect(await readFile(join(folder, "outputs/copy.txt"), "utf8")).toBe("two\n\nlines's");
    const { stdout } = await run("sh", ["-ec", await text("curl")], { cwd: folder });
    expect(stdout).toContain("'$(exit 9)`exit 9`");
    expect(stdout).toContain('"StatusCode":0');
    const python = await run("python3", ["-c", await text("Python")], { cwd: folder });
    expect(python.stdout).toBe("Success 0\ncopy.txt 12 bytes\n");
    const node = await run(process.execPath, ["--input-type=module", "-e", await text("JavaScript")], {
      cwd: folder,
      env: { ...process.env, FORCE_COLOR: "0" },
    });
    expect(node.stdout).toBe("Success 0\ncopy.txt 12 bytes\n");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  expect(Object.keys(await longshore.jobs()).sort()).toEqual(jobs.sort());
});
