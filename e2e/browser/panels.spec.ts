// Settings, inputs, queue, failures and the first page: each changes the address or shows what is so.

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

test("a new queue is made here, with its key and the command that uses it", async ({ page, longshore }) => {
  await page.goto(pageLink(longshore.origin, { job }));
  await controls(page).tab("Settings").click();
  await page.getByRole("button", { name: "Make a new queue" }).click();
  await expect(page).toHaveURL(/queue=k-[0-9a-f]{64}/);
  await expect(page.getByText(/LONGSHORE_KEY=[0-9a-f]{64} longshore agent --api/)).toBeVisible();
  await page.getByRole("checkbox", { name: /Run on this computer/ }).check();
  await expect(page).toHaveURL(/queue=local/);
  await page.getByRole("checkbox", { name: /Run on this computer/ }).uncheck();
  await expect(page).toHaveURL(/queue=k-/);
});

test("a text file is edited and run with Ctrl+Enter; other files are added and go to the store", async ({
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
  await page.keyboard.type("echo two; wc -c < /inputs/big.bin > /outputs/n.txt");
  await page.getByLabel("Files of this computer").setInputFiles({
    name: "big.bin",
    mimeType: "application/octet-stream",
    buffer: Buffer.alloc(100_000, 255),
  });
  await expect(page.getByRole("list", { name: "From the definition" })).toContainText("big.bin");
  await editor.click();
  await page.keyboard.press("Control+Enter");
  await expect(output("n.txt")).toHaveText("100000", slowly);
  await expect(page).toHaveURL(/inputs=/);
});

test("the queue shows who serves it and what runs; somebody else's job is stopped after a question", async ({
  page,
  longshore,
}) => {
  const { jobId } = await longshore.queue.submit({ image: "longshore/shell", command: "sleep 611" });
  await page.goto(pageLink(longshore.origin, { job }));
  await controls(page).tab("Queue").click();
  const row = page.getByRole("row").filter({ hasText: jobId.slice(0, 8) });
  await expect(row).toContainText("sleep 611");
  await expect(row).toContainText("running", slowly);
  await expect(page.getByRole("img", { name: /The last hour/ })).toBeVisible();
  await row.getByRole("button", { name: /^Stop/ }).click();
  await expect(row).toContainText("It is not this page's job");
  await row.getByRole("button", { name: /anyway$/ }).click();
  await expect(row).toContainText("stopped", slowly);
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
