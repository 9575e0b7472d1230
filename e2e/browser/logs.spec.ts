// What a program printed: in its colours, searched, filtered, linked to, and all of it there after a reload.

import { pageLink } from "./links.ts";
import { controls, expect, slowly, test } from "./longshore.ts";

const script = `
printf '\\033[31mred\\033[0m plain\\n'
printf '10%%\\r100%%\\n'
echo 'see https://example.org/a, and <b>not bold</b>'
i=0; while [ $i -lt 5000 ]; do echo "line $i"; i=$((i+1)); done
echo 'Traceback: it broke here' >&2
i=0; while [ $i -lt 3000 ]; do echo "after $i"; i=$((i+1)); done
`;
const link = (origin: string, n: string) =>
  pageLink(origin, { job: { image: "longshore/shell", command: ["sh", "-c", script] }, more: { N: n } });

test("a log has its colours, is searched, filtered and linked to, and is whole after a reload", async ({
  page,
  longshore,
}) => {
  await page.goto(link(longshore.origin, "1"));
  const { run, log, state } = controls(page);
  await run.click();
  await expect(state).toContainText("Done", slowly);
  await expect(page.getByText("8,004 lines")).toBeVisible(slowly);
  await expect(log).toContainText("after 2999");

  await page.keyboard.press("/");
  const field = page.getByRole("searchbox", { name: "Search the log" });
  await expect(field).toBeFocused();
  await field.fill("/line 123\\d/");
  await expect(page.getByRole("status", { name: "Matches" })).toHaveText("1 of 10");
  await field.press("Enter");
  await expect(page.getByRole("status", { name: "Matches" })).toHaveText("2 of 10");
  await expect(log.locator("mark").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Follow the end" })).toHaveAttribute("aria-pressed", "false");
  await field.press("Escape");

  await page.getByRole("combobox", { name: "Lines to show" }).selectOption("stderr");
  await expect(page.getByText("1 line", { exact: true })).toBeVisible();
  await expect(log).toContainText("Traceback: it broke here");
  await page.getByRole("combobox", { name: "Lines to show" }).selectOption("Side by side");
  await expect(page.getByRole("log", { name: "Lines of stdout" })).toContainText("after 2999");
  await expect(page.getByRole("log", { name: "Lines of stderr" })).toHaveText(/^Traceback: it broke here$/);
  await page.getByRole("combobox", { name: "Lines to show" }).selectOption("Everything");
  await page.keyboard.press("e");
  await expect(log.getByText("Traceback: it broke here")).toBeInViewport();

  // What goes to stderr may overtake stdout by a little: its number is what the page says.
  const row = log.locator(".log-row").filter({ hasText: "Traceback: it broke here" });
  await row.getByRole("button", { name: /^Link to line \d+$/ }).click();
  await expect(page).toHaveURL(/mp_line=\d+/);
  await page.reload();
  await expect(log.getByText("Traceback: it broke here")).toBeInViewport(slowly);
  await expect(page.getByText("8,004 lines")).toBeVisible();

  await log.focus();
  await page.keyboard.press("Home");
  await expect(log.getByText("red", { exact: true })).toHaveCSS("color", /^(oklch|rgb)/);
  await expect(log).toContainText("100%");
  await expect(log).not.toContainText("10%100%");
  await expect(log).toContainText("<b>not bold</b>");
  await expect(log.getByRole("link")).toHaveAttribute("href", "https://example.org/a");

  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download the log" }).click();
  const pieces: Buffer[] = [];
  for await (const piece of await (await download).createReadStream()) pieces.push(Buffer.from(piece));
  const lines = Buffer.concat(pieces).toString().trimEnd().split("\n");
  expect(lines).toHaveLength(8004);
  expect(lines).toEqual(expect.arrayContaining(["red plain", "100%", "after 2999"]));
});

test("a page that comes while a job runs shows what was printed before it, and what it uses of its limits", async ({
  page,
  longshore,
}) => {
  const work = "x=$(head -c 30000000 /dev/zero | tr '\\0' a); (while :; do :; done) & sleep 600";
  const job = {
    image: "longshore/shell",
    command: ["sh", "-c", `echo early; sleep 1; echo later; ${work}`],
    requirements: { cpus: 0.25, memory: "100m" },
  };
  await page.goto(pageLink(longshore.origin, { job }));
  const { run, log, stop, state } = controls(page);
  await run.click();
  await expect(log).toContainText("later", slowly);
  await page.reload();
  await expect(log).toContainText("early");
  await expect(log).toContainText("later");
  const resources = page.getByRole("complementary", { name: "Resources" });
  for (const curve of [/^CPU now 0\.\d+ CPUs of 0\.25 CPUs, at most/, /^Memory now .* of 10\d MB, at most/])
    await expect(resources.getByRole("img", { name: curve }).locator(".limit")).toHaveCount(1, slowly);
  await stop.click();
  await expect(state).toContainText("Stopped", slowly);
});
