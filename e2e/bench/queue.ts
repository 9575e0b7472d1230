// The queue through real sockets, with agents that do nothing, in both shells. Counts are exact; rates and times are this
// machine's, which the bench shares with what it measures. Every row has a budget: one that is not done by then says how far it came.

import { type BucketProcess, startBucketProcess } from "../shells/bucketProcess.ts";
import { startCloudflareShell } from "../shells/cloudflareShell.ts";
import { startNodeShell } from "../shells/nodeShell.ts";
import { objectsPerSecond } from "./bucketAlone.ts";
import { LoadClient, NoopAgent } from "./load.ts";
import { cachedMs, costBeside, submissionRate } from "./queueCosts.ts";
import { cpuMsOf, memoryOf, printHead, printRow, quantile, type Row } from "./table.ts";

const busyMs = 12_000;
const drainMs = 60_000;
/** Waiting jobs and sockets that watch. */
const besides = [
  { queued: 0, watching: 1 },
  { queued: 0, watching: 10 },
  { queued: 0, watching: 100 },
  { queued: 1_000, watching: 1 },
  { queued: 9_980, watching: 1 },
] as const;

interface Measured {
  readonly origin: string;
  readonly pid: number;
}

export async function benchQueue(): Promise<void> {
  const node = await startNodeShell();
  try {
    printHead("The queue on Node, embedded");
    const shell = { origin: node.origin, pid: node.program.pid };
    await alone(shell);
    await throughput(shell, 3_000);
    await submissions(shell);
  } finally {
    await node.stop();
  }
  printHead("The queue in `workerd serve`, its bucket (s3rver) in a process of its own");
  await inWorkerd(async (shell, bucket) => {
    await row("the bucket alone: no end is seen before its object", async () => {
      return { value: `${await objectsPerSecond(bucket)} objects/s` };
    });
    await throughput(shell, 1_000);
  });
  // The bucket of before is long busy with what was submitted.
  await inWorkerd(async (shell) => {
    await alone(shell);
    await submissions(shell);
  });
}

async function inWorkerd(measure: (shell: Measured, bucket: BucketProcess) => Promise<void>): Promise<void> {
  const bucket = await startBucketProcess();
  try {
    const cloudflare = await startCloudflareShell({
      settings: {
        S3_BUCKET: bucket.name,
        S3_ENDPOINT: bucket.endpoint,
        S3_ACCESS_KEY_ID: bucket.accessKeyId,
        S3_SECRET_ACCESS_KEY: bucket.secretAccessKey,
      },
    });
    try {
      await measure(cloudflare, bucket);
    } finally {
      await cloudflare.stop();
    }
  } finally {
    await bucket.stop();
  }
}

async function alone(shell: Measured): Promise<void> {
  printRow({ what: "memory before that", value: memoryOf(shell.pid).now });
  await row("cached job: submit to result, 1 request", async () => {
    const samples = await cachedMs(shell.origin);
    return { value: `p50 ${quantile(samples, 0.5)} ms (${samples.length})`, reach: "p50 ≤ 10 ms" };
  });
  for (const beside of besides) await costs(shell, beside);
}

async function submissions(shell: Measured): Promise<void> {
  await row("submissions by one socket, nobody runs them", async () => {
    const { perSecond, jobs } = await submissionRate(shell.origin);
    return { value: `${perSecond}/s (${jobs})`, peer: "42/s at 5,000 queued" };
  });
  printRow({ what: "memory after that", value: memoryOf(shell.pid).now });
}

/** One job at a time beside others that wait and watch. */
async function costs({ origin, pid }: Measured, { queued, watching }: (typeof besides)[number]): Promise<void> {
  await row(`one job beside ${queued} queued, ${watching} watching`, async () => {
    const { frames, bytes, reached, memory } = await costBeside({ origin, queued, watching }, () => memoryOf(pid).now);
    const [p50, p99] = [quantile(reached, 0.5), quantile(reached, 0.99)];
    const latency = { what: "  submitted, until its agent holds it", value: `p50 ${p50} ms, p99 ${p99} ms` };
    const full = { what: "  memory then", value: memory, reach: "< 150 MiB", peer: "366 MiB at 5,000" };
    return {
      value: `${frames.toFixed(1)} frames, ${Math.round(bytes)} B`,
      reach: "≤ 8 frames, ≤ 6,144 B",
      peer: queued > 0 ? "404 KiB at 5,000" : "",
      more: [{ ...latency, reach: "p50 ≤ 5 ms, p99 ≤ 25 ms" }, ...(queued > 5_000 ? [full] : [])],
    };
  });
}

/** 4 agents of 10 slots with always enough waiting, for a while; then until everything that was submitted is seen finished. */
async function throughput({ origin, pid }: Measured, toReach: number): Promise<void> {
  await row("finished jobs, 4 agents × 10 slots", async () => {
    const queue = `bench-${crypto.randomUUID()}`;
    const client = await LoadClient.connect(origin, queue, "throughput");
    const agents = await Promise.all(Array.from({ length: 4 }, () => NoopAgent.connect(origin, queue, 10)));
    const accepted = () => agents.reduce((sum, agent) => sum + agent.accepted, 0);
    const before = cpuMsOf(pid);
    const begun = performance.now();
    let sent = 0;
    while (performance.now() - begun < busyMs) {
      while (sent - accepted() < 1_000) client.submit(sent++);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const seconds = (performance.now() - begun) / 1000;
    const [done, cpu] = [accepted(), cpuMsOf(pid) - before];
    const syncs = agents.reduce((sum, agent) => sum + agent.socket.traffic.frames, 0) / 2;
    await client.until(() => client.finished.size >= sent, drainMs).catch(() => {});
    const drained = (performance.now() - begun) / 1000 - seconds;
    for (const { socket } of [client, ...agents]) socket.close();
    const starts = agents.reduce((sum, agent) => sum + agent.starts, 0);
    const twice = starts - new Set(agents.flatMap(({ jobs }) => [...jobs])).size;
    const shown = sent / (client.socket.traffic.frames - sent);
    return {
      value: `${Math.round(done / seconds)}/s`,
      reach: `≥ ${toReach}/s`,
      peer: "2/s",
      more: [
        { what: "  the server's processor time for each", value: `${(cpu / done).toFixed(2)} ms` },
        { what: "  in one frame", value: `${(done / syncs).toFixed(1)} finishes, ${shown.toFixed(0)} jobs shown` },
        { what: `  of ${sent} submitted`, value: `${sent - client.finished.size} not seen to end, ${twice} twice` },
        { what: "  until all were seen to end, after the last", value: `${drained.toFixed(1)} s` },
      ],
    };
  });
}

interface Value extends Omit<Row, "what"> {
  /** Rows that belong to it. */
  readonly more?: readonly Row[];
}

/** A row and those that belong to it; what fails is said there, and the others go on. */
async function row(what: string, measured: () => Promise<Value>): Promise<void> {
  try {
    const { more = [], ...value } = await measured();
    for (const each of [{ what, ...value }, ...more]) printRow(each);
  } catch (error) {
    printRow({ what, value: `not done: ${error instanceof Error ? error.message : String(error)}` });
  }
}
