// What a network, a machine and its clock do to an agent that keeps running: bounded, said, and recovered from. The tests wait
// for real leases, all at the same time.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobId } from "../wire/ids.ts";
import { longshore } from "./testCommand.ts";
import { jobsLeftOf, leftOf } from "./testEngine.ts";
import { startProxy } from "./testProxy.ts";
import { release, untilReleased } from "./testRelease.ts";
import { kill, type Stack, startStack, until } from "./testStack.ts";
import { systemWorld } from "./world.ts";

/** DESIGN: another agent starts the job of one that is gone within this. */
const takeoverMs = 25_000;
const capacity = { slots: 4, gpus: [], tags: [], maxDurationMs: 60_000 };

let stack: Stack;
const children: ReturnType<typeof longshore>["child"][] = [];

beforeAll(async () => {
  stack = await startStack();
});

afterAll(async () => {
  await Promise.all(children.map(kill));
  await stack.close();
});

/** An agent in a process of its own, welcomed by a queue of its own. */
async function process(queue: string, api = stack.api) {
  const dataDir = await stack.folder();
  const agent = longshore(["agent", "--api", api, "--data-dir", dataDir, "--trust", "--slots", "1"], {
    LONGSHORE_QUEUES: queue,
  });
  children.push(agent.child);
  await says(agent, "session welcomed");
  return { ...agent, dataDir, id: /"agent":"([0-9a-f]{64})"/.exec(agent.output.out)?.[1] ?? "" };
}

async function says({ output }: Pick<ReturnType<typeof longshore>, "output">, text: string, limitMs?: number) {
  await until(
    `it says ${text}`,
    () => output,
    ({ out }) => out.includes(text),
    limitMs,
  );
}

async function running(id: JobId, queue: string, on: string): Promise<void> {
  await until(
    "the job runs there",
    () => stack.job(id, queue),
    (job) => job?.state === "Running" && job.worker === on,
    takeoverMs + 10_000,
  );
}

describe.concurrent("an agent", () => {
  test("whose connection is only half there notices, says so, comes back, and its job has one result", async () => {
    const queue = crypto.randomUUID();
    const api = await startProxy({ host: "localhost", port: Number(new URL(stack.api).port) });
    try {
      const agent = await process(queue, `http://127.0.0.1:${api.port}`);
      const id = await stack.submit({ command: `${untilReleased}; echo done` }, queue);
      await running(id, queue, agent.id);
      api.fallSilent();
      await release(agent.dataDir);
      await says(agent, "nothing came for 10 s");
      const job = await stack.finished(id, queue);
      expect(job.finished?.result?.logs.map(([text]) => text)).toEqual(["done"]);
      await says(agent, '"outcome":"accepted"');
      expect(agent.output.out.match(/"event":"job started"/g)).toHaveLength(1);
    } finally {
      await api.close();
    }
  });

  test("that slept gives way: another one has its job within 25 s, and it stops its own when it wakes", async () => {
    const queue = crypto.randomUUID();
    const sleeper = await process(queue);
    const id = await stack.submit({ command: "sleep 50" }, queue);
    await running(id, queue, sleeper.id);
    const other = await stack.agent({ dataDir: await stack.folder(), queues: [queue], capacity });
    await until("it is connected", other.connected, Boolean);
    const sleptAt = Date.now();
    sleeper.child.kill("SIGSTOP");
    await running(id, queue, other.id);
    expect(Date.now() - sleptAt).toBeLessThan(takeoverMs);
    sleeper.child.kill("SIGCONT");
    await says(sleeper, '"event":"job stopped"');
    await until(
      "nothing is left of its attempt",
      () => jobsLeftOf(sleeper.id),
      (left) => left.length === 0,
    );
    await until(
      "it has a container",
      () => jobsLeftOf(other.id),
      (left) => left.length === 1,
    );
  });

  test("that is killed is replaced within 25 s, each job ends once, and its next process leaves nothing of it", async () => {
    const queue = crypto.randomUUID();
    const doomed = await Promise.all([1, 2, 3].map(() => process(queue)));
    // Long enough to be running still when the other agent is there and they are killed.
    const jobs = await Promise.all(doomed.map(() => stack.submit({ command: "sleep 12; echo done" }, queue)));
    for (const id of jobs)
      await until(
        "each has one",
        () => stack.job(id, queue),
        (job) => job?.state === "Running",
      );
    const other = await stack.agent({ dataDir: await stack.folder(), queues: [queue], capacity });
    await until("it is connected", other.connected, Boolean);
    await Promise.all(doomed.map(({ child }) => kill(child)));
    const killedAt = Date.now();
    for (const id of jobs) await running(id, queue, other.id);
    expect(Date.now() - killedAt).toBeLessThan(takeoverMs);
    for (const id of jobs)
      expect((await stack.finished(id, queue)).finished?.result?.logs.map(([text]) => text)).toEqual(["done"]);
    for (const { dataDir, id } of doomed) {
      const next = await stack.agent({ dataDir, queues: [queue], capacity });
      await until(
        "its jobs are gone",
        () => jobsLeftOf(id),
        (left) => left.length === 0,
      );
      await next.stop({ drain: true });
      expect(await leftOf(id)).toEqual([]);
    }
  });

  test("whose clock is set keeps to each job's time, and tells no impossible times", async () => {
    const queue = crypto.randomUUID();
    let offset = 0;
    const world = { ...systemWorld, now: () => Date.now() + offset };
    const dataDir = await stack.folder();
    const agent = await stack.agent({ dataDir, queues: [queue], capacity, world });
    await until("it is connected", agent.connected, Boolean);
    const kept = await stack.submit({ command: `${untilReleased}; echo done`, maxDuration: "50s" }, queue);
    const ended = await stack.submit({ command: "sleep 50", maxDuration: "3s" }, queue);
    await running(kept, queue, agent.id);
    await running(ended, queue, agent.id);
    offset = 24 * 3_600_000;
    const ahead = await stack.run({ command: "true" }, queue);
    offset = -48 * 3_600_000;
    const behind = await stack.run({ command: "true" }, queue);
    await release(dataDir);
    const results = [ahead, behind, (await stack.finished(kept, queue)).finished?.result];
    for (const result of results) {
      expect(result).toMatchObject({ StatusCode: 0 });
      for (const { start, ms } of result?.phases ?? []) {
        expect(start).toBeGreaterThanOrEqual(0);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThan(60_000);
      }
    }
    const timedOut = (await stack.finished(ended, queue)).finished;
    expect(timedOut?.reason).toBe("TimedOut");
    expect(timedOut?.result?.duration).toBeLessThan(20_000);
  });
});
