// The page at the sizes of a tile, a narrow frame, a metapage's frame and a window of its own; by keyboard alone.

import { pageLink } from "./links.ts";
import { controls, expect, slowly, test } from "./longshore.ts";

const job = { image: "longshore/shell", command: ["sh", "-c", "echo printed; echo made > /outputs/made.txt"] };

test("a wide page shows outputs beside another view, split where a person has put the divider", async ({
  page,
  longshore,
}) => {
  await page.setViewportSize({ width: 1280, height: 720 });
  await page.goto(pageLink(longshore.origin, { job, more: { LAYOUT: "a" } }));
  const { run, output, log, tab } = controls(page);
  await run.click();
  await expect(output("made.txt")).toHaveText("made", slowly);
  await expect(log).toContainText("printed");
  await expect(page).toHaveTitle(/^Done in .* · sh -c/);
  expect(await page.locator("link[rel=icon]").getAttribute("href")).toContain("data:image/svg+xml");

  await page.keyboard.press("4");
  await expect(tab("Settings")).toHaveAttribute("aria-selected", "true");
  await expect(output("made.txt")).toBeVisible();
  const divider = page.getByRole("separator", { name: "Width of the panes" });
  await divider.focus();
  await page.keyboard.press("ArrowRight");
  await expect(divider).toHaveAttribute("aria-valuenow", "52");
  await page.reload();
  await expect(divider).toHaveAttribute("aria-valuenow", "52");
  await page.getByRole("button", { name: /^run / }).click();
  await expect(log).toContainText("printed");
});

test("a narrow page reaches every view, and a tile shows the state and one thing to do", async ({
  page,
  longshore,
}) => {
  await page.setViewportSize({ width: 320, height: 480 });
  await page.goto(pageLink(longshore.origin, { job, more: { LAYOUT: "b" } }));
  const { run, state, output } = controls(page);
  for (const name of ["Output", "Log", "Inputs", "Settings", "Queue", "History"]) {
    await page.getByRole("tab", { name }).click();
    await expect(page.getByRole("tabpanel", { name })).toBeVisible();
  }
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(320);
  await page.setViewportSize({ width: 200, height: 120 });
  await expect(page.getByRole("tab", { name: "Output" })).toBeHidden();
  await run.click();
  await expect(state).toContainText("Done", slowly);
  await expect(page.getByRole("button", { name: "Run again" })).toBeInViewport();
  await page.setViewportSize({ width: 600, height: 400 });
  await page.keyboard.press("1");
  await expect(output("made.txt")).toHaveText("made");
  await page.goto(pageLink(longshore.origin, { job, more: { LAYOUT: "b", hm: "disabled" } }));
  await expect(page.getByRole("tab")).toHaveCount(0);
  await expect(output("made.txt")).toHaveText("made");
});

test("every action can be found and done by keyboard, and the focus comes back", async ({ page, longshore }) => {
  await page.goto(pageLink(longshore.origin, { job, more: { LAYOUT: "c" } }));
  const { state } = controls(page);
  await expect(page.getByRole("button", { name: "Run", exact: true })).toBeVisible();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" })).toContainText("Search the log");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  const find = page.getByRole("button", { name: "Find an action" });
  await find.focus();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Action" }).fill("show que");
  await expect(page.getByRole("dialog").getByRole("option")).toHaveCount(1);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("tab", { name: "Queue" })).toHaveAttribute("aria-selected", "true");
  await expect(find).toBeFocused();
  await page.keyboard.press("r");
  await expect(state).toContainText("Done", slowly);
});
