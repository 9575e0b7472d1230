// Two container frames in a metapage of somebody else's site: data flows from a source through both.

import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { FrameLocator, Page } from "@playwright/test";
import { build } from "esbuild";
import { startStaticServer } from "../shells/staticServer.ts";
import { pageLink } from "./links.ts";
import { controls, expect, slowly, test } from "./longshore.ts";

const countItems = `import json, os
with open(os.path.join(os.environ["JOB_INPUTS"], "data.json")) as f:
    data = json.load(f)
with open(os.path.join(os.environ["JOB_OUTPUTS"], "result.json"), "w") as f:
    json.dump({"count": len(data)}, f)
`;

async function bundled(name: "host" | "source" | "everything"): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../metapage/${name}.ts`, import.meta.url))],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "warning",
  });
  return outputFiles[0]?.text ?? "";
}

const document = (script: string) => `<!doctype html><body><script type="module" src="${script}"></script></body>`;

/** A person agrees to what a frame asks: in a window of our own, which the page around the frame can't touch. */
async function agree(page: Page, frame: FrameLocator): Promise<void> {
  const opened = page.waitForEvent("popup");
  await controls(frame).permission.getByRole("button", { name: "Run…" }).click();
  const window = await opened;
  const closed = window.waitForEvent("close");
  // The window closes with the click, maybe before the click has been reported as done.
  await Promise.all([
    closed,
    window
      .getByRole("button", { name: "Run", exact: true })
      .click()
      .catch(() => {}),
  ]);
}

test("a change of the source runs both containers again, once each, after one consent for each", async ({
  page,
  longshore,
}) => {
  const site = await startStaticServer({
    "/": document("/host.js"),
    "/host.js": await bundled("host"),
    "/source/": document("/source.js"),
    "/source.js": await bundled("source"),
  });
  try {
    const first = pageLink(longshore.origin, {
      job: { image: "longshore/python", command: "python /inputs/count.py" },
      inputs: { "count.py": countItems },
      more: { autostart: "true" },
    });
    const second = pageLink(longshore.origin, {
      job: { image: "longshore/shell", command: ["sh", "-c", "cp /inputs/result.json /outputs/copy.json"] },
      more: { autostart: "true" },
    });
    const addresses = new URLSearchParams({ source: `${site.origin}/source/`, first, second });
    await page.goto(`${site.origin}/?${addresses}`);
    const [source, counter, copier] = ["source", "first", "second"].map((title) =>
      page.frameLocator(`iframe[title="${title}"]`),
    );
    if (!source || !counter || !copier) throw new Error("unreachable");

    await expect(controls(counter).permission).toBeVisible(slowly);
    await expect(controls(copier).permission).toBeVisible(slowly);
    expect(await longshore.jobs()).toEqual({});
    await agree(page, counter);
    await expect(controls(counter).output("result.json")).toContainText('"count": 3', slowly);
    await agree(page, copier);
    await expect(controls(copier).output("copy.json")).toContainText('"count": 3', slowly);
    expect(Object.keys(await longshore.jobs())).toHaveLength(2);

    const items = source.getByRole("spinbutton", { name: "Items" });
    await items.fill("5");
    await items.press("Enter");
    await expect(controls(counter).output("result.json")).toContainText('"count": 5', slowly);
    await expect(controls(copier).output("copy.json")).toContainText('"count": 5', slowly);
    await expect(controls(counter).permission).toHaveCount(0);
    const jobs = Object.values(await longshore.jobs());
    expect(jobs.map(({ finishedReason, statusCode }) => [finishedReason, statusCode])).toEqual(
      Array.from({ length: 4 }, () => ["Success", 0]),
    );
  } finally {
    await site.stop();
  }
});

test("a value of every kind that metaframes send arrives as the right bytes", async ({ page, longshore }) => {
  const site = await startStaticServer({
    "/": document("/host.js"),
    "/host.js": await bundled("host"),
    "/source/": document("/source.js"),
    "/source.js": await bundled("everything"),
  });
  try {
    // The page around the frame names the queue and the namespace.
    const first = pageLink(longshore.origin, {
      job: { image: "longshore/shell", command: ["sh", "-c", "cd /inputs; sha256sum * > /outputs/sums.txt"] },
      queue: "mine",
      more: { autostart: "true", queueOverride: "local", control: btoa('{"namespace":"theirs"}') },
    });
    const addresses = new URLSearchParams({ source: `${site.origin}/source/`, pipe: "**", first, second: first });
    await page.goto(`${site.origin}/?${addresses}`);
    const frame = page.frameLocator('iframe[title="first"]');
    await expect(controls(frame).permission).toBeVisible(slowly);
    await agree(page, frame);
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const few = Buffer.from([0, 1, 2, 255]);
    const files: Readonly<Record<string, string | Uint8Array>> = {
      "blob.bin": bytes,
      "buffer.bin": bytes.subarray(0, 16),
      "bytes.bin": bytes,
      "dataUrl.bin": few,
      "file.bin": bytes,
      "floats.bin": new Uint8Array(new Float32Array([1.5, -2]).buffer),
      "list.json": "[1,2,3]",
      "number.txt": "42.5",
      "object.json": '{"b":[1,"two"],"a":null}',
      "old.bin": few,
      "ref.bin": few,
      "ref.txt": "a data ref",
      "text.txt": "grüße\n",
      "yes.txt": "true",
    };
    const sums = Object.entries(files).map(
      ([name, content]) => `${createHash("sha256").update(content).digest("hex")}  ${name}`,
    );
    await expect(controls(frame).output("sums.txt")).toHaveText(sums.join("\n"), slowly);
    const jobs = Object.values(await longshore.queue.list());
    expect(jobs.flatMap(({ namespaces = [] }) => namespaces)).toContain("theirs");
  } finally {
    await site.stop();
  }
});
