// What one job costs beside others: frames, bytes and time, one job after another on a queue of its own.

import { paths } from "../../wire/http.ts";
import { LoadClient, NoopAgent } from "./load.ts";

const fillMs = 90_000;
const oneJobMs = 30_000;
/** As many jobs as are done in this time, and no more than that. */
const sampleMs = 8_000;
const samplesMax = 200;
const submissions = 5_000;

interface Beside {
  readonly origin: string;
  readonly queued: number;
  readonly watching: number;
}

interface Costs {
  /** Of one job, on its client's and its agent's sockets together. */
  readonly frames: number;
  readonly bytes: number;
  /** Milliseconds from a submission until the agent holds the job. */
  readonly reached: readonly number[];
  readonly memory: string;
}

export async function costBeside({ origin, queued, watching }: Beside, memory: () => string): Promise<Costs> {
  const queue = newQueue();
  const filler = await LoadClient.connect(origin, queue, "filler");
  for (let i = 0; i < queued; i++) filler.submit(i, ["nobody"]);
  await filler.until(() => filler.seen.size >= queued, fillMs);
  const agent = await NoopAgent.connect(origin, queue, 1);
  const client = await LoadClient.connect(origin, queue, `cost beside ${queued} and ${watching}`);
  const others = await Promise.all(
    Array.from({ length: watching - 1 }, (_, i) => LoadClient.connect(origin, queue, `other ${i}`)),
  );
  await client.until(() => client.seen.size >= queued, oneJobMs);
  const before = traffic(client, agent);
  const reached: number[] = [];
  const end = performance.now() + sampleMs;
  while (reached.length === 0 || (reached.length < samplesMax && performance.now() < end)) {
    const held = agent.reached(agent.starts + 1);
    const submitted = performance.now();
    client.submit(reached.length);
    await held;
    reached.push(performance.now() - submitted);
    await client.until(() => client.finished.size >= reached.length, oneJobMs);
  }
  const after = traffic(client, agent);
  const costs = {
    frames: (after.frames - before.frames) / reached.length,
    bytes: (after.bytes - before.bytes) / reached.length,
    reached,
    memory: memory(),
  };
  for (const { socket } of [filler, client, ...others, agent]) socket.close();
  return costs;
}

function traffic(...ends: readonly (LoadClient | NoopAgent)[]): { readonly frames: number; readonly bytes: number } {
  const sum = (of: "frames" | "bytes") => ends.reduce((total, { socket }) => total + socket.traffic[of], 0);
  return { frames: sum("frames"), bytes: sum("bytes") };
}

/** A job that has a result is submitted over HTTP again and again: milliseconds until the answer, which has it. */
export async function cachedMs(origin: string): Promise<readonly number[]> {
  const queue = newQueue();
  const agent = await NoopAgent.connect(origin, queue, 1);
  const client = await LoadClient.connect(origin, queue, "cached");
  client.submit(0);
  await client.until(() => client.finished.size > 0, oneJobMs);
  const body = JSON.stringify({ definition: client.definition(0) });
  const samples: number[] = [];
  while (samples.length < samplesMax) {
    const asked = performance.now();
    const response = await fetch(origin + paths.queue(queue), { method: "POST", body });
    const answer = await response.text();
    samples.push(performance.now() - asked);
    if (!answer.includes('"StatusCode":0')) throw new Error(`the answer has no result: ${answer.slice(0, 200)}`);
  }
  for (const { socket } of [client, agent]) socket.close();
  return samples;
}

/** Nobody runs them. */
export async function submissionRate(origin: string): Promise<{ readonly perSecond: number; readonly jobs: number }> {
  const client = await LoadClient.connect(origin, newQueue(), "submissions");
  const begun = performance.now();
  for (let i = 0; i < submissions; i++) client.submit(i);
  await client.until(() => client.seen.size >= submissions, fillMs);
  const seconds = (performance.now() - begun) / 1000;
  client.socket.close();
  return { perSecond: Math.round(submissions / seconds), jobs: submissions };
}

function newQueue(): string {
  return `bench-${crypto.randomUUID()}`;
}
