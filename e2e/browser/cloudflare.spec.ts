// The same through the Cloudflare shell and S3, with an agent started alone.

import { QueueApi } from "../clients/queueApi.ts";
import { startAgentAlone } from "../shells/agentAlone.ts";
import { startCloudflareShell } from "../shells/cloudflareShell.ts";
import { pageLink } from "./links.ts";
import { controls, expect, slowly, test } from "./longshore.ts";

test("a page of the Cloudflare shell runs a container on an agent that was started alone", async ({ page }, info) => {
  const shell = await startCloudflareShell();
  const api = new QueueApi(shell);
  const agent = await startAgentAlone(shell.origin, api.queue);
  try {
    // More than rides inline, so that the files go through the bucket both ways.
    const text = "0123456789abcdef".repeat(4_000);
    const job = {
      image: "longshore/shell",
      command: [
        "sh",
        "-c",
        'wc -c < /inputs/large.txt > /outputs/size.txt; cat /inputs/large.txt > "/outputs/a copy.txt"',
      ],
    };
    await page.goto(pageLink(shell.origin, { job, queue: api.queue, inputs: { "large.txt": text } }));
    const { run, state, output } = controls(page);
    await run.click();
    await expect(output("size.txt")).toHaveText(String(text.length), slowly);
    await expect(output("a copy.txt")).toHaveText(text.slice(0, 64 * 1024));
    await expect(state).toContainText("Done");

    const [id = ""] = Object.keys(await api.list());
    await page.goto(`${shell.origin}/j/${id}#?queue=${api.queue}`);
    await expect(output("size.txt")).toHaveText(String(text.length));
    expect(Object.keys(await api.list())).toEqual([id]);
  } finally {
    if (info.status !== info.expectedStatus) {
      await info.attach("output", { body: `${shell.output()}\n${agent.program.output()}` });
    }
    await agent.stop();
    await shell.stop();
  }
});
