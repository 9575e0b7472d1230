// One look at wrangler.jsonc: `wrangler dev` serves the same app as the tests' own workerd.

import { expect, test } from "vitest";
import { QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { TestAgent } from "../clients/testAgent.ts";
import { wranglerStartMs } from "../limits.ts";
import { startWranglerDev } from "../shells/wranglerDev.ts";

test("wrangler dev serves the page and runs a job", { timeout: 2 * wranglerStartMs }, async () => {
  const wrangler = await startWranglerDev();
  try {
    const api = new QueueApi(wrangler);
    expect(await (await api.request("/healthz")).text()).toBe("OK");
    expect(await (await api.request("/")).text()).toContain("<!doctype html>");
    const { jobId } = await api.submit(uniqueDefinition());
    const agent = await TestAgent.connect(api);
    await agent.run(jobId);
    expect(await api.finished(jobId)).toMatchObject({ finishedReason: "Success" });
  } finally {
    await wrangler.stop();
  }
});
