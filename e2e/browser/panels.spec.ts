// Settings, inputs, queue, failures and the first page: each changes the address or shows what is so.

import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { removeFolder, temporaryFolder } from "../shells/temporary.ts";
import { pageLink } from "./links.ts";
import { controls, expect, slowly, test } from "./longshore.ts";

const job = { image: "longshore/shell", command: ["sh", "-c", "echo $GREETING $N > /outputs/said.txt"] };

test("settings are in the address as they are typed, and what can't be used is named", async ({ page, longshore }) => {
  await page.goto(pageLink(longshore.origin, { job: { ...job, env: { GREETING: "hi" } }, more: { N: "1" } }));
  const { tab, run, output } = controls(page);
  await tab("Settings").click();
  const field = (name: string) => page.getByRole("textbox", { name, exact: true });
  await expect(field("Command")).toHaveValue("sh -c 'echo $GREETING $N > /outputs/said.txt'");
  await expect(page.getByText("from the address")).toBeVisible();
  await field("GREETING").fill("good day");
  await field("Time limit").fill("soon");
  await expect(page.getByText("A duration looks like 90s")).toBeVisible();
  await field("Time limit").fill("2m");
  await field("Memory").fill("256m");
  await page.getByRole("textbox", { name: "New variable" }).fill("EXTRA=a=b");
  await page.getByRole("button", { name: "Add" }).first().click();
  await expect(field("EXTRA")).toHaveValue("a=b");
  await page.reload();
  await tab("Settings").click();
  await expect(field("Time limit")).toHaveValue("2m");
  await expect(page.getByRole("region", { name: "The definition as JSON" })).toContainText('"memory": "256m"');
  await page.goBack();
  await expect(field("EXTRA")).toHaveCount(0);
  await run.click();
  await expect(output("said.txt")).toHaveText("good day 1", slowly);
});

test("a new queue is made here, with its key and its command; this computer's, with what a page of elsewhere needs for it", async ({
  page,
  longshore,
}) => {
  // The page as another site has it, on a computer where nothing runs.
  const origin = "https://longshore.example";
  await page.route(`${origin}/**`, async (route) => {
    const response = await route.fetch({ url: route.request().url().replace(origin, longshore.origin) });
    await route.fulfill({ response });
  });
  await page.routeWebSocket("ws://localhost:8000/**", (socket) => socket.close());
  await page.goto(pageLink(origin, { job, queue: "team", more: { queueOverride: "theirs" } }));
  await controls(page).tab("Settings").click();
  await page.getByRole("checkbox", { name: /Use my queue/ }).check();
  await expect(page).toHaveURL(/ignoreQueueOverride=true/);
  await page.getByRole("button", { name: "Make a new queue" }).click();
  await expect(page).toHaveURL(/queue=k-[0-9a-f]{64}/);
  await expect(page.getByText(/LONGSHORE_KEY=[0-9a-f]{64} longshore agent --api/)).toBeVisible();
  const isHere = page.getByRole("checkbox", { name: /Run on this computer/ });
  await isHere.check();
  await expect(page).toHaveURL(/queue=local/);
  const settings = page.getByRole("tabpanel", { name: "Settings" });
  await expect(settings).toContainText("The browser asks before this page may reach your computer");
  await expect(settings).toContainText(`npm start -- --allow-origin ${origin}`);
  await refuseLocalNetwork(page, origin);
  await expect(settings).toContainText("The browser keeps this page from your computer.");
  await expect(page.getByRole("region", { name: "This computer's queue" })).toContainText(
    "The browser keeps this page",
  );
  await isHere.uncheck();
  await expect(page).toHaveURL(/queue=k-/);
});

test("a text file is edited and run with Ctrl+Enter; large, dropped and pasted ones go in beside it", async ({
  page,
  longshore,
}) => {
  const script = { image: "longshore/shell", command: "sh /inputs/main.sh" };
  await page.goto(pageLink(longshore.origin, { job: script, inputs: { "main.sh": "echo one > /outputs/n.txt" } }));
  const { tab, output } = controls(page);
  await tab("Inputs").click();
  const editor = page.getByRole("textbox", { name: "Text of main.sh" });
  await editor.click();
  await page.keyboard.press("Control+a");
  const files = "big.bin folder/a.txt folder/sub/b.bin pasted.txt";
  await page.keyboard.insertText(`cd /inputs; for f in ${files}; do wc -c < $f; done > /outputs/n.txt`);

  const disk = temporaryFolder();
  try {
    const at = (name: string) => join(disk, name);
    await mkdir(at("folder/sub"), { recursive: true });
    await writeFile(at("folder/a.txt"), "text");
    await writeFile(at("folder/sub/b.bin"), Buffer.alloc(100_000, 255));
    await writeFile(at("big.bin"), "");
    await truncate(at("big.bin"), 105_000_000);
    const choose = (name: string) => page.getByLabel("Files of this computer").setInputFiles(at(name));
    const fromDefinition = page.getByRole("list", { name: "From the definition" });
    const question = `${longshore.origin}/f/*/exists?*`;
    // A store that does not answer yet.
    await page.route(question, () => {});
    await choose("folder/sub/b.bin");
    await expect(page.getByRole("list", { name: "Files on their way" })).toContainText(
      "Reading, 100 %, 100 KB of 100 KB",
    );
    await page.getByRole("button", { name: "Cancel b.bin" }).click();
    await expect(page.getByText("b.bin was cancelled")).toBeVisible();
    await page.unroute(question);
    await choose("big.bin");
    await expect(fromDefinition).toContainText("big.bin", slowly);
    await dropped(page, at("folder"));
    await expect(fromDefinition).toContainText("folder/sub/b.bin");
    await expect(page.getByRole("tab", { name: "folder/a.txt" })).toBeVisible();
  } finally {
    removeFolder(disk);
  }

  await page.getByRole("textbox", { name: "New file" }).fill("pasted words");
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Control+x");
  await page.getByRole("heading", { name: "From the definition" }).click();
  await page.keyboard.press("Control+v");
  await expect(page.getByRole("tab", { name: "pasted.txt" })).toBeVisible();

  await page.getByRole("tab", { name: "main.sh" }).click();
  await editor.click();
  await page.keyboard.press("Control+Enter");
  await expect(output("n.txt")).toHaveText("105000000\n4\n100000\n12", slowly);
  await editor.click();
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText("; echo more >> /outputs/n.txt");
  await page
    .getByRole("button", { name: "Run", exact: true })
    .or(page.getByRole("button", { name: "Run again" }))
    .click();
  await expect(output("n.txt")).toContainText("more", slowly);
  await expect(page).toHaveURL(/inputs=/);
});

/** What a person does who tells the browser that a site may not reach this computer. */
async function refuseLocalNetwork(page: Page, origin: string): Promise<void> {
  const devTools = await page.context().newCDPSession(page);
  const { browserContextId } = (await devTools.send("Target.getTargetInfo")).targetInfo;
  await devTools.send("Browser.setPermission", {
    permission: { name: "loopback-network" },
    setting: "denied",
    origin,
    ...(browserContextId === undefined ? {} : { browserContextId }),
  });
}

/** What a person does who drags a file or a folder from elsewhere onto the panel of inputs. */
async function dropped(page: Page, path: string): Promise<void> {
  const panel = await page.getByRole("region", { name: "Files that go in" }).boundingBox();
  if (!panel) throw new Error("The panel of inputs is not there.");
  const devTools = await page.context().newCDPSession(page);
  const at = { x: panel.x + panel.width / 2, y: panel.y + 20 };
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await devTools.send("Input.dispatchDragEvent", { type, ...at, data });
}

test("the queue shows who serves it and what runs; one's own job is stopped with a click, somebody else's after a question", async ({
  page,
  longshore,
}) => {
  const { jobId } = await longshore.queue.submit({ image: "longshore/shell", command: "sleep 611" });
  await page.goto(pageLink(longshore.origin, { job: { image: "longshore/shell", command: "sleep 612" } }));
  const { run, tab } = controls(page);
  await run.click();
  await tab("Queue").click();
  const row = (text: string) => page.getByRole("row").filter({ hasText: text });
  const other = row(jobId.slice(0, 8));
  await expect(other).toContainText("sleep 611");
  await expect(other).toContainText("running", slowly);
  await expect(row("sleep 612")).toContainText(/running|waiting/, slowly);
  await expect(page.getByRole("img", { name: /The last hour/ })).toBeVisible();
  await page.reload();
  await tab("Queue").click();
  await row("sleep 612").getByRole("button", { name: /^Stop/ }).click();
  await expect(row("sleep 612")).toContainText("stopped", slowly);
  await other.getByRole("button", { name: /^Stop/ }).click();
  await expect(other).toContainText("Another browser asked for it");
  await other.getByRole("button", { name: /anyway$/ }).click();
  await expect(other).toContainText("stopped", slowly);
});

test("a failure says what it means, what to try and which lines matter", async ({ page, longshore }) => {
  const failing = {
    image: "longshore/shell",
    command: ["sh", "-c", "echo fine; echo 'it broke: no such dial' >&2; nosuch"],
  };
  await page.goto(pageLink(longshore.origin, { job: failing }));
  const { run, log } = controls(page);
  await run.click();
  const card = page.getByRole("region", { name: "Why it failed" });
  await expect(card).toContainText("There is no such command in the image", slowly);
  await card.getByText("The last lines", { exact: true }).click();
  await expect(card.getByRole("region", { name: "The last lines that matter" })).toContainText(
    "it broke: no such dial",
  );
  await expect(log).toContainText("fine");
});
