// A queue with jobs in every state, and all that can be read of it: what must be the same before and after.

import { createHash } from "node:crypto";
import type { Held } from "../../wire/agentMessages.ts";
import { paths } from "../../wire/http.ts";
import type { Known } from "./malformed.ts";
import { json, QueueApi, uniqueDefinition } from "./queueApi.ts";
import { TestAgent } from "./testAgent.ts";

export interface Busy {
  readonly api: QueueApi;
  readonly agent: TestAgent;
  readonly running: Held;
  readonly known: Known;
}

/** A queue with a job that waits, one that runs and one that has ended. */
export async function busyQueue(shell: { readonly origin: string }): Promise<Busy> {
  const api = new QueueApi(shell);
  const agent = await TestAgent.connect(api);
  const ended = await api.submit(uniqueDefinition());
  const { attempt } = await agent.run(ended.jobId);
  const { jobId: running } = await api.submit(uniqueDefinition());
  const held = await agent.started(running);
  const tag = `only-${crypto.randomUUID()}`;
  const { jobId: waiting } = await api.submit(uniqueDefinition({ tags: [tag], inputs: { a: { value: "A" } } }));
  await agent.sync();
  const bytes = crypto.randomUUID();
  const blob = createHash("sha256").update(bytes).digest("hex");
  await json(await api.request(paths.blob(blob), { method: "PUT", body: bytes }));
  const attempts = [attempt, held.attempt, "0.1", "zzzz.999"] as const;
  return {
    api,
    agent,
    running: held,
    known: { queue: api.queue, jobs: [waiting, running, ended.jobId], attempts: [...attempts], blob },
  };
}

/** All that can be read of the queue's jobs. */
export async function stateOf({ api, known }: Busy): Promise<readonly string[]> {
  const files = [
    "result.json",
    "definition.json",
    "namespaces.json",
    "history.json",
    "run-logs.json",
    "build-logs.json",
  ];
  const jobs = known.jobs.flatMap((id) => files.map((file) => `${paths.queue(api.queue)}/j/${id}/${file}`));
  const read = async (path: string) => `${path} ${await (await api.request(path)).text()}`;
  return Promise.all([paths.queue(api.queue), paths.blob(known.blob), ...jobs].map(read));
}
