// Whatever an address says, the page says what is wrong with it, and the next job runs.

import type { Page } from "@playwright/test";
import { pageLink } from "./links.ts";
import { controls, expect, type Longshore, slowly, test } from "./longshore.ts";

async function runsTheNextJob(page: Page, longshore: Longshore): Promise<void> {
  const job = { image: "longshore/shell", command: ["sh", "-c", "echo fine > /outputs/next.txt"] };
  // Not one that has run already.
  await page.goto(pageLink(longshore.origin, { job, more: { NONCE: crypto.randomUUID() } }));
  const { run, output } = controls(page);
  await run.click();
  await expect(output("next.txt")).toHaveText("fine", slowly);
}

test("a job that can't be read is named, and the page offers to make one", async ({ page, longshore }) => {
  for (const broken of ["%%%", "bm90IGpzb24=", "eyJpbWFnZSI6", "%E0%A4%A", "null"]) {
    await page.goto(`${longshore.origin}/#?job=${broken}&queue=local&autostart=true`);
    await expect(controls(page).warnings).toContainText("job Expected a job definition");
    await expect(page.getByRole("button", { name: "Make the job" })).toBeVisible();
  }
  await runsTheNextJob(page, longshore);
});

test("other parameters that can't be read are named, and the job runs without them", async ({ page, longshore }) => {
  const job = { image: "longshore/shell", command: ["sh", "-c", "echo ran > /outputs/ran.txt"] };
  const more = { inputs: "!!", control: "e30tLQ", maxJobDuration: "soon", autostart: "perhaps" };
  await page.goto(pageLink(longshore.origin, { job, more }));
  const { warnings, run, output } = controls(page);
  for (const name of Object.keys(more)) await expect(warnings).toContainText(`${name} Expected`);
  await run.click();
  await expect(output("ran.txt")).toHaveText("ran", slowly);
});

test("a definition without an image says what is missing", async ({ page, longshore }) => {
  await page.goto(pageLink(longshore.origin, { job: { command: "ls" } }));
  await expect(page.getByRole("textbox", { name: "Image" })).toBeVisible();
  await page.goto(pageLink(longshore.origin, { job: { image: "" } }));
  await expect(controls(page).state).toContainText("image");
  await runsTheNextJob(page, longshore);
});

test("a name that leads out of its folder is refused with the name", async ({ page, longshore }) => {
  const job = { image: "longshore/shell", command: "ls", inputs: { "../up": { type: "utf8", value: "x" } } };
  await page.goto(pageLink(longshore.origin, { job }));
  await expect(controls(page).state).toContainText("../up");
  await runsTheNextJob(page, longshore);
});

test("an image that does not exist fails with the reason", async ({ page, longshore }) => {
  const image = "longshore/no-such-image:1";
  await page.goto(pageLink(longshore.origin, { job: { image, command: "ls" } }));
  const { run, state } = controls(page);
  await run.click();
  await expect(state).toContainText("Failed", slowly);
  await expect(state).toContainText(image);
  await runsTheNextJob(page, longshore);
});

test("a program that fails is shown as failed, with its code and what it printed", async ({ page, longshore }) => {
  const job = { image: "longshore/shell", command: ["sh", "-c", "echo this is why >&2; exit 3"] };
  await page.goto(pageLink(longshore.origin, { job }));
  const { run, state, log } = controls(page);
  await run.click();
  await expect(state).toContainText("3", slowly);
  await expect(log).toContainText("this is why");
  await runsTheNextJob(page, longshore);
});

test("an unreadable queue name says so", async ({ page, longshore }) => {
  for (const queue of ["undefined", "https://", "x".repeat(129)]) {
    await page.goto(pageLink(longshore.origin, { job: { image: "longshore/shell" }, queue }));
    await expect(controls(page).state).toContainText("No such queue");
  }
  await runsTheNextJob(page, longshore);
});
