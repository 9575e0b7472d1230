// The queue through real sockets, with agents that do nothing: submissions and finished jobs a second, what each job costs in
// frames and bytes, how long a job takes to reach an agent, and memory. Counts are exact; rates are this machine's.

import { readFileSync } from "node:fs";
import { startCloudflareShell } from "../shells/cloudflareShell.ts";
import { startNodeShell } from "../shells/nodeShell.ts";
import { LoadClient, NoopAgent } from "./load.ts";

const limitMs = 300_000;

interface Measured {
  readonly name: string;
  readonly origin: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function benchQueue(): Promise<void> {
  const node = await startNodeShell();
  await measure({ name: "Node, embedded", origin: node.origin, pid: node.program.pid, stop: () => node.stop() });
  const cloudflare = await startCloudflareShell();
  await measure({
    name: "workerd serve",
    origin: cloudflare.origin,
    pid: cloudflare.pid,
    stop: () => cloudflare.stop(),
  });
}

async function measure(shell: Measured): Promise<void> {
  console.log(`\n${shell.name}`);
  try {
    await latency(shell);
    await throughput(shell);
    await costs(shell);
    await submissions(shell);
  } finally {
    await shell.stop();
  }
}

/** One job at a time: submit sent to agent holds it. */
async function latency({ origin }: Measured): Promise<void> {
  const queue = newQueue();
  const agent = await NoopAgent.connect(origin, queue, 1);
  const client = await LoadClient.connect(origin, queue, "latency");
  const samples: number[] = [];
  for (let i = 0; i < 500; i++) {
    const reached = agent.reached(i + 1);
    const sent = performance.now();
    client.submit(i);
    await reached;
    samples.push(performance.now() - sent);
  }
  row(
    "submit → agent holds it",
    `p50 ${quantile(samples, 0.5)} ms, p99 ${quantile(samples, 0.99)} ms (500 jobs, one at a time)`,
  );
  agent.socket.close();
  client.socket.close();
}

/** 4 agents of 10 slots, always enough waiting. */
async function throughput({ origin, pid }: Measured): Promise<void> {
  const queue = newQueue();
  const jobs = 20_000;
  const client = await LoadClient.connect(origin, queue, "throughput");
  const agents = await Promise.all(Array.from({ length: 4 }, () => NoopAgent.connect(origin, queue, 10)));
  const begun = performance.now();
  let sent = 0;
  while (client.finished.size < jobs) {
    while (sent < jobs && sent - client.finished.size < 2_000) client.submit(sent++);
    const before = client.finished.size;
    await client.until(() => client.finished.size > before, limitMs);
  }
  const seconds = (performance.now() - begun) / 1000;
  const starts = agents.reduce((sum, agent) => sum + agent.starts, 0);
  row(
    "finished jobs",
    `${Math.round(jobs / seconds)}/s (4 agents × 10 slots, ${jobs} jobs, ${starts} started, ${rss(pid)})`,
  );
  for (const agent of agents) agent.socket.close();
  client.socket.close();
}

/** Frames and bytes of one job on its client's and its agent's sockets, beside others that wait and watch. */
async function costs({ origin, pid }: Measured): Promise<void> {
  for (const [queued, watching] of [
    [0, 1],
    [1_000, 1],
    [9_900, 1],
    [0, 10],
    [0, 100],
  ] as const) {
    const queue = newQueue();
    const filler = await LoadClient.connect(origin, queue, "filler");
    for (let i = 0; i < queued; i++) filler.submit(i, ["nobody"]);
    await filler.until(() => filler.seen.size >= queued, limitMs);
    const agent = await NoopAgent.connect(origin, queue, 1);
    const client = await LoadClient.connect(origin, queue, `cost in ${queue}`);
    const others = await Promise.all(
      Array.from({ length: watching - 1 }, (_, i) => LoadClient.connect(origin, queue, `other ${i}`)),
    );
    const already = client.finished.size;
    await client.until(() => client.seen.size >= queued, limitMs);
    const sockets = [client.socket.traffic, agent.socket.traffic];
    const before = sum(sockets);
    const jobs = 20;
    for (let i = 0; i < jobs; i++) {
      client.submit(i);
      await client.until(() => client.finished.size > already + i, limitMs);
    }
    const after = sum(sockets);
    const frames = (after.frames - before.frames) / jobs;
    const bytes = Math.round((after.bytes - before.bytes) / jobs);
    row(
      `one job beside ${queued} waiting, ${watching} watching`,
      `${frames} frames, ${bytes} bytes${queued === 9_900 ? `, ${rss(pid)}` : ""}`,
    );
    for (const socket of [filler, client, ...others, agent]) socket.socket.close();
  }
}

/** Submissions alone: nobody runs them. */
async function submissions({ origin }: Measured): Promise<void> {
  const client = await LoadClient.connect(origin, newQueue(), "submissions");
  const jobs = 9_000;
  const begun = performance.now();
  for (let i = 0; i < jobs; i++) client.submit(i);
  await client.until(() => client.seen.size >= jobs, limitMs);
  row(
    "submissions",
    `${Math.round(jobs / ((performance.now() - begun) / 1000))}/s (one socket, ${jobs} jobs, seen queued)`,
  );
  client.socket.close();
}

function newQueue(): string {
  return `bench-${crypto.randomUUID()}`;
}

function sum(traffic: readonly { frames: number; bytes: number }[]): { frames: number; bytes: number } {
  return traffic.reduce((a, b) => ({ frames: a.frames + b.frames, bytes: a.bytes + b.bytes }), { frames: 0, bytes: 0 });
}

function quantile(samples: readonly number[], q: number): string {
  const sorted = [...samples].sort((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0).toFixed(1);
}

/** Resident memory, from Linux; elsewhere it is not shown. */
function rss(pid: number): string {
  try {
    const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return `server ${Math.round(Number(kib) / 1024)} MiB`;
  } catch {
    return "server memory unknown";
  }
}

function row(what: string, value: string): void {
  console.log(`  ${what.padEnd(44)} ${value}`);
}
