// A trivial job through everything, submit to result in the client, beside `docker run --rm` of the same image and command on a
// bridge of its own: in alternation, so that both meet the same machine. The ratio is what counts.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { idOf, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { TestClient } from "../clients/testClient.ts";
import { containerMs } from "../limits.ts";
import { type NodeShell, startNodeShell } from "../shells/nodeShell.ts";
import { alternate } from "./alternate.ts";
import { memoryOf, printHead, printRow } from "./table.ts";

const image = "longshore/shell";
const budget = { rounds: 30, budgetMs: 120_000 };
/** Runs before counting, which make what later ones find. */
const warmUps = 3;
const burst = 20;

export async function benchJobs(): Promise<void> {
  const network = `longshore-bench-${crypto.randomUUID().slice(0, 8)}`;
  await docker("network", "create", network);
  const shell = await startNodeShell({ agent: true });
  try {
    await shell.program.line(/Checked: a job ran/, containerMs);
    printHead("Trivial jobs, the agent in the server's process");
    await trivial(shell, network);
    await many(shell);
    const { now, peak } = memoryOf(shell.program.pid);
    printRow({ what: "server and agent after that", value: `${now}, at most ${peak}` });
  } finally {
    await shell.stop();
    await docker("network", "rm", network);
  }
}

async function trivial(shell: NodeShell, network: string): Promise<void> {
  const api = new QueueApi(shell, "local");
  const client = await TestClient.connect(api);
  const job = () => timed(() => run(client, api));
  const floor = () => timed(() => docker("run", "--rm", "--network", network, image, "true"));
  for (let i = 0; i < warmUps; i++) await job();
  const { ours, bare } = await alternate({ ours: job, bare: floor }, budget);
  printRow({
    what: "a job, submit to result (to reach: 0.6 ×)",
    value: `${ours.toFixed(0)} ms`,
    floor: `${bare.toFixed(0)} ms docker run --rm`,
    share: ours / bare,
    peer: "1430 ms, 3.0 to 3.9 ×",
  });
  await client.socket.close();
}

/** All slots busy, always enough waiting. */
async function many(shell: NodeShell): Promise<void> {
  const api = new QueueApi(shell, "local");
  const client = await TestClient.connect(api);
  const ms = await timed(() => Promise.all(Array.from({ length: burst }, () => run(client, api))));
  printRow({
    what: "jobs a second, submitted at once (to reach: 10)",
    value: `${((burst * 1000) / ms).toFixed(1)}/s (${burst} jobs)`,
    floor: "5.8/s plain engine API, recorded",
    peer: "2/s",
  });
  await client.socket.close();
}

/** One new job, until its result is here. */
async function run(client: TestClient, api: QueueApi): Promise<void> {
  const definition = uniqueDefinition({ image, command: "true", env: { NUMBER: crypto.randomUUID() } });
  const from = client.count;
  client.submit(definition);
  const id = idOf(definition);
  const job = await client.job(id, "Finished", { from, limitMs: containerMs });
  const result = job.finished?.result ?? (await api.result(id))?.finished?.result;
  if (result?.StatusCode !== 0) throw new Error(`The job ended as ${JSON.stringify(job)}.`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

function docker(...args: string[]): Promise<unknown> {
  return promisify(execFile)("docker", args);
}
