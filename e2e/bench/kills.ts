// Agents that are killed with -9 while each runs a job: how soon another one has started the job, and whether each job has one
// result. `--large` kills a hundred; without it a few show the same.

import { setTimeout as after } from "node:timers/promises";
import { idOf, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { until } from "../clients/until.ts";
import { type AgentAlone, startAgentAlone } from "../shells/agentAlone.ts";
import { startNodeShell } from "../shells/nodeShell.ts";
import type { BenchOptions } from "./main.ts";
import { printHead, printRow } from "./table.ts";

const killsAtOnce = 5;
const rounds = { few: 1, many: 20 } as const;
/** A lost agent's job waits for its lease; the rest is a busy machine. */
const takeoverMs = 60_000;
/** Long enough to be running when its agent is killed, once the other one has started on a busy machine. */
const jobSeconds = 20;

export async function benchKills({ large }: BenchOptions): Promise<void> {
  const shell = await startNodeShell();
  const taken: number[] = [];
  let single = 0;
  const count = large ? rounds.many : rounds.few;
  try {
    printHead(`Agents killed with -9, ${killsAtOnce} at a time`);
    for (let round = 0; round < count; round++) {
      const results = await killRound(new QueueApi(shell));
      taken.push(...results.taken);
      single += results.single;
    }
    // What those that were killed have left on this machine is removed by the next agent on it.
    await (await startAgentAlone(shell.origin, crypto.randomUUID())).stop();
  } finally {
    await shell.stop();
  }
  const sorted = [...taken].sort((a, b) => a - b);
  const seconds = (at: number) => `${((sorted[Math.min(sorted.length - 1, at)] ?? Number.NaN) / 1000).toFixed(1)} s`;
  printRow({
    what: "killed to started elsewhere (to reach: p50 12 s, 25 s)",
    value: `p50 ${seconds(Math.floor(sorted.length / 2))}, at most ${seconds(sorted.length - 1)}`,
  });
  printRow({ what: "jobs with one result", value: `${single} of ${count * killsAtOnce}` });
}

async function killRound(queue: QueueApi): Promise<{ readonly taken: readonly number[]; readonly single: number }> {
  const doomed: AgentAlone[] = [];
  while (doomed.length < killsAtOnce) doomed.push(await startAgentAlone(queue.origin, queue.queue, 1));
  const jobs = doomed.map(() => uniqueDefinition({ command: `sleep ${jobSeconds}` }));
  for (const job of jobs) await queue.submit(job);
  const ids = jobs.map(idOf);
  const before = await until(
    "all run",
    () => workersOf(queue, ids),
    (workers) => workers.every((worker) => worker !== ""),
    takeoverMs,
  );
  const heir = await startAgentAlone(queue.origin, queue.queue, killsAtOnce);
  try {
    // Their leases were renewed at different moments; so are the kills.
    const killedAt = await Promise.all(
      doomed.map(async ({ program }) => {
        await after(Math.random() * 1000);
        await program.kill();
        return performance.now();
      }),
    );
    const earliest = Math.min(...killedAt);
    const taken: number[] = [];
    await until(
      "another one has them all",
      async () => {
        const now = await workersOf(queue, ids);
        now.forEach((worker, at) => {
          if (worker !== "" && worker !== before[at]) taken[at] ??= performance.now() - earliest;
        });
        return taken.filter((ms) => ms !== undefined).length;
      },
      (found) => found === ids.length,
      takeoverMs,
    );
    const ends = await Promise.all(ids.map((id) => queue.finished(id, takeoverMs)));
    const single = ends.filter((end) => end.finished?.result?.StatusCode === 0).length;
    return { taken, single };
  } finally {
    await heir.stop();
    await Promise.all(doomed.map((agent) => agent.stop()));
  }
}

/** Who runs each now; empty while nobody does. */
async function workersOf(queue: QueueApi, ids: readonly string[]): Promise<readonly string[]> {
  const listed = await queue.list();
  return ids.map((id) => (listed[id]?.state === "Running" ? (listed[id]?.worker ?? "") : ""));
}
