// One container from a URL, on this machine.

import { paths } from "../../wire/http.ts";
import { until } from "../clients/until.ts";
import { containerMs } from "../limits.ts";
import { containersOf } from "../shells/containers.ts";
import { pageLink } from "./links.ts";
import { controls, expect, fresh, slowly, test } from "./longshore.ts";

const shell = (script: string) => ({ image: "longshore/shell", command: ["sh", "-c", script] });

fresh(
  "the first link that npm start prints runs a job and shows its output, without asking only once",
  async ({ page, context, longshore }) => {
    const link = await longshore.firstJobLink();
    await page.goto(link);
    const { state, output, permission, log } = controls(page);
    await expect(output("hello.json")).toContainText('"greeting": "hello"', slowly);
    await expect(state).toContainText("Done");
    await expect(permission).toHaveCount(0);
    await expect(page).not.toHaveURL(/permit/);
    await expect(log).toContainText("step 3 of 3");
    expect(Object.values(await longshore.jobs())).toMatchObject([{ finishedReason: "Success", statusCode: 0 }]);

    const other = await context.browser()?.newContext();
    const stranger = await other?.newPage();
    if (!stranger) throw new Error("no second browser context");
    // The same permit with another job, as a page that has seen the link might try.
    await stranger.goto(link.replace(/job=[^&]+/, (job) => `${job}&OTHER=1`));
    await expect(controls(stranger).permission).toBeVisible();
    await other?.close();
  },
);

test("a parameter of the address arrives in the container", async ({ page, longshore }) => {
  const job = shell('echo "the parameter is $MY_PARAM" > /outputs/parameter.txt');
  await page.goto(pageLink(longshore.origin, { job, more: { MY_PARAM: "hello" } }));
  const { run, output } = controls(page);
  await run.click();
  await expect(output("parameter.txt")).toHaveText("the parameter is hello", slowly);
});

test("the same definition again is answered without a second run", async ({ page, context, longshore }) => {
  const job = shell("cat /proc/sys/kernel/random/uuid > /outputs/random.txt");
  const link = pageLink(longshore.origin, { job, more: { autostart: "true" } });
  await page.goto(link);
  const first = controls(page);
  await expect(first.permission).toBeVisible();
  await first.run.click();
  await expect(first.output("random.txt")).toHaveText(/^[0-9a-f-]{36}\n$/, slowly);
  const random = (await first.output("random.txt").innerText()).trim();

  const again = await context.newPage();
  await again.goto(link);
  await expect(controls(again).output("random.txt")).toContainText(random);
  const submitted = await longshore.queue.submit(job);
  expect(submitted.result).toMatchObject({ finishedReason: "Success" });
  const output = await longshore.queue.request(paths.output("local", submitted.jobId, "random.txt"));
  expect((await output.text()).trim()).toBe(random);
  expect(Object.keys(await longshore.jobs())).toEqual([submitted.jobId]);
});

test("stopping a job stops its container, and the next job runs", async ({ page, longshore }) => {
  const job = shell("echo started; sleep 600");
  await page.goto(pageLink(longshore.origin, { job }));
  const { state, run, stop, log, output } = controls(page);
  await run.click();
  await expect(log).toContainText("started", slowly);
  const [id = ""] = Object.keys(await longshore.jobs());
  expect(await containersOf(id)).toEqual(["running"]);

  await stop.click();
  await expect(state).toContainText("Stopped");
  await until(
    "the container to be gone",
    () => containersOf(id),
    (states) => states.length === 0,
    containerMs,
  );

  await page.goto(pageLink(longshore.origin, { job: shell("echo next > /outputs/next.txt") }));
  await run.click();
  await expect(output("next.txt")).toHaveText("next", slowly);
});
