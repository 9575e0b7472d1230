// The runs that a browser has seen.

import type { Page } from "@playwright/test";
import { pageLink } from "./links.ts";
import { controls, expect, slowly, test } from "./longshore.ts";

test("runs are kept over a reload, can be returned to and compared, and are forgotten on request", async ({
  page,
  longshore,
}) => {
  const job = { image: "longshore/shell", command: ["sh", "-c", 'echo "$LEVEL" > /outputs/level.txt; exit "$CODE"'] };
  const link = (more: Readonly<Record<string, string>>) => pageLink(longshore.origin, { job, more });
  const { run, output, state } = controls(page);
  await page.goto(link({ LEVEL: "low", CODE: "0" }));
  await run.click();
  await expect(output("level.txt")).toContainText("low", slowly);
  // What a former page, or somebody else, has left there.
  await inStore(page, `for (let time = 0; time < 250; time++) store.put({ run: "old " + time, time })`);
  await page.goto(link({ LEVEL: "high", CODE: "3" }));
  await run.click();
  await expect(state).toContainText("Exit code 3", slowly);

  await expect.poll(() => inStore(page, "return store.count()")).toBe(200);
  await page.reload();
  await expect(state).toContainText("Exit code 3", slowly);
  await page.keyboard.press("6");
  const runs = page.getByRole("tabpanel", { name: "History" }).getByRole("row");
  await expect(runs.filter({ hasText: "Done" })).toHaveCount(1);
  await expect(runs.filter({ hasText: "Exit code 3" })).toHaveCount(1);
  for (const box of await page.getByRole("checkbox", { name: /^Compare the run of/ }).all()) await box.check();
  const comparison = page.getByRole("region", { name: "Comparison" });
  await expect(comparison.getByRole("row", { name: "Definition env.LEVEL low high" })).toBeVisible();
  await expect(comparison.getByRole("row", { name: "Result exit code 0 3" })).toBeVisible();
  await expect(comparison.getByRole("row", { name: /^Output level.txt/ })).toBeVisible();
  await comparison.getByRole("button", { name: "Close the comparison" }).click();

  await runs.filter({ hasText: "Done" }).getByRole("button", { name: "Return" }).click();
  await expect(page).toHaveURL(/LEVEL=low/);
  await expect(state).toContainText("Done", slowly);
  await page.goBack();
  await expect(page).toHaveURL(/LEVEL=high/);
  expect(Object.keys(await longshore.jobs())).toHaveLength(2);

  await page.getByRole("button", { name: "Forget all runs" }).click();
  await expect(page.getByText("Runs appear here once they end.")).toBeVisible();
});

/** Does something with the table of runs, and gives the result of the request that it returns. */
function inStore(page: Page, script: string): Promise<unknown> {
  return page.evaluate(`new Promise((resolve, reject) => {
    const opened = indexedDB.open("longshore");
    opened.onerror = reject;
    opened.onsuccess = () => {
      const transaction = opened.result.transaction("runs", "readwrite");
      const request = ((store) => { ${script} })(transaction.objectStore("runs"));
      transaction.oncomplete = () => {
        opened.result.close();
        resolve(request?.result);
      };
      transaction.onerror = reject;
    };
  })`);
}
