// What outlives what: agents that die, stop and start again, edges that go away, containers that go on.

import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { agentIdOf } from "../wire/agentId.ts";
import { queueNameOfKey } from "../wire/keyedQueue.ts";
import type { RunningAgent } from "./agent.ts";
import { containersOf, docker, jobsLeftOf, leftOf } from "./testEngine.ts";
import { release, untilReleased } from "./testRelease.ts";
import { kill, logText, type Stack, startStack, status, until } from "./testStack.ts";

let stack: Stack;
let agent: RunningAgent | undefined;

beforeEach(async () => {
  stack = await startStack();
});

afterEach(async () => {
  await stack.close();
  if (agent) expect(await leftOf(agent.id)).toEqual([]);
  agent = undefined;
});

const capacity = { slots: 1, cpus: 2, memoryBytes: 1024 ** 3, gpus: [], tags: [], maxDurationMs: 60_000 };

describe("an agent that is killed", () => {
  test("adopts its container after the restart, with its network, and the job ends once, with all its log", async () => {
    const dataDir = await stack.folder();
    const first = stack.agentProcess(dataDir);
    const id = await stack.submit({
      command: `echo one; ${untilReleased}; echo two; ip -4 addr show dev eth0 | grep -c inet; echo x > /outputs/x`,
    });
    await stack.running(id);
    const [container] = await containersOf(id);
    await kill(first);
    agent = await stack.agent({ dataDir });
    await until(
      "the job is held",
      () => agent?.held(),
      (held) => held === 1,
    );
    await release(dataDir);
    const job = await stack.finished(id);
    expect(job.finished?.reason).toBe("Success");
    expect(logText(job.finished?.result ?? { logs: [], isTimedOut: false, outputs: {} })).toBe("one\ntwo\n1");
    expect(Object.keys(job.finished?.result?.outputs ?? {})).toEqual(["x"]);
    expect(stack.events.filter(({ event }) => event === "job adopted")).toHaveLength(1);
    expect(container).toBeDefined();
  });

  test("reports a container that ended meanwhile, and removes what never started", async () => {
    const dataDir = await stack.folder();
    const first = stack.agentProcess(dataDir);
    const id = await stack.submit({ command: `echo one; ${untilReleased}; echo two; exit 7` });
    await stack.running(id);
    await kill(first);
    await release(dataDir);
    await until(
      "the container has ended",
      () => containersOf(id),
      (names) => names.length === 0,
    );
    const agentId = agentIdOf((await readFile(join(dataDir, "secret"), "utf8")).trim());
    await docker("create", "--label", `longshore.agent=${agentId}`, "longshore/shell");
    expect(await jobsLeftOf(agentId)).toHaveLength(2);
    agent = await stack.agent({ dataDir });
    const job = await stack.finished(id);
    expect(job.finished?.result).toMatchObject({ StatusCode: 7 });
    expect(job.finished?.result?.logs.map(([text]) => text)).toEqual(["one", "two"]);
    await until(
      "no container of a job is left",
      () => jobsLeftOf(agentId),
      (names) => names.length === 0,
    );
  });

  test("keeps the job's time limit", async () => {
    const dataDir = await stack.folder();
    const first = stack.agentProcess(dataDir);
    const id = await stack.submit({ command: "sleep 60", maxDuration: "3s" });
    await stack.running(id);
    await kill(first);
    agent = await stack.agent({ dataDir });
    const job = await stack.finished(id);
    expect(job.finished?.reason).toBe("TimedOut");
    expect(job.finished?.result?.duration).toBeLessThan(20_000);
  });
});

describe("an edge that goes away", () => {
  test("gets the result of a job that ended meanwhile", async () => {
    const dataDir = await stack.folder();
    agent = await stack.agent({ dataDir });
    const id = await stack.submit({ command: `${untilReleased}; echo done` });
    await stack.running(id);
    await stack.stopEdge();
    await release(dataDir);
    await until(
      "the job has ended",
      () => stack.events,
      (events) => events.some(({ event }) => event === "job finished"),
    );
    await stack.startEdge();
    expect(logText((await stack.finished(id)).finished?.result ?? { logs: [], isTimedOut: false, outputs: {} })).toBe(
      "done",
    );
  });

  test("gets it also from an agent that was restarted in between", async () => {
    const dataDir = await stack.folder();
    const first = await stack.agent({ dataDir });
    const id = await stack.submit({ command: `${untilReleased}; echo done` });
    await stack.running(id);
    await stack.stopEdge();
    await release(dataDir);
    await until(
      "the job has ended",
      () => stack.events,
      (events) => events.some(({ event }) => event === "job finished"),
    );
    await first.stop({ drain: false });
    await stack.startEdge();
    agent = await stack.agent({ dataDir });
    expect((await stack.finished(id)).finished?.reason).toBe("Success");
  });
});

describe("stopping an agent", () => {
  test("gives its jobs back at once, and another agent takes them", async () => {
    const first = await stack.agent({ dataDir: await stack.folder(), capacity });
    const id = await stack.submit({ command: "sleep 60" });
    await stack.running(id);
    const stoppedAt = Date.now();
    await first.stop({ drain: false });
    expect(Date.now() - stoppedAt).toBeLessThan(10_000);
    expect(await leftOf(first.id)).toEqual([]);
    expect((await stack.job(id))?.state).toBe("Queued");
    agent = await stack.agent({ dataDir: await stack.folder(), capacity });
    await stack.running(id);
  });

  test("with a drain finishes what runs and takes nothing new", async () => {
    const dataDir = await stack.folder();
    agent = await stack.agent({ dataDir, capacity });
    const id = await stack.submit({ command: `${untilReleased}; echo done` });
    await stack.running(id);
    const stopped = agent.stop({ drain: true });
    const later = await stack.submit({ command: "true" });
    await release(dataDir);
    await stopped;
    expect((await stack.job(id))?.finished?.reason).toBe("Success");
    expect((await stack.job(later))?.state).toBe("Queued");
  });

  test("a second stop cuts a drain short", async () => {
    agent = await stack.agent({ capacity });
    const id = await stack.submit({ command: "sleep 60" });
    await stack.running(id);
    const drained = agent.stop({ drain: true });
    await agent.stop({ drain: false });
    await drained;
    expect((await stack.job(id))?.state).toBe("Queued");
  });
});

describe("several at once", () => {
  test("a second agent on the same data folder refuses with a sentence", async () => {
    const dataDir = await stack.folder();
    agent = await stack.agent({ dataDir });
    await expect(stack.agent({ dataDir })).rejects.toThrow(/Another agent is using the data folder/);
  });

  test("a newer session of the same agent replaces the older one, which stays away", async () => {
    const secret = "s".repeat(64);
    const older = await stack.agent({ dataDir: await stack.folder(), secret });
    await until("the older is connected", older.connected, Boolean);
    agent = await stack.agent({ dataDir: await stack.folder(), secret });
    await older.ended;
    expect(stack.events.filter(({ event }) => event === "session replaced")).toHaveLength(1);
    expect((await stack.run({ command: "true" })).StatusCode).toBe(0);
    expect(Object.keys((await status(stack)).localWorkers)).toEqual([agent.id]);
  });

  test("a queue named after a key admits only an agent that shows it, and no other queue sees it", async () => {
    const key = crypto.randomUUID();
    const keyed = queueNameOfKey(key);
    const stranger = await stack.agent({ dataDir: await stack.folder(), queues: [keyed], keys: ["another"] });
    await until(
      "it is refused",
      () => stack.events,
      (events) => events.some(({ event }) => event === "session refused"),
    );
    agent = await stack.agent({ queues: [keyed, stack.queue], keys: ["another", key] });
    await until("both queues know it", agent.connected, Boolean);
    expect((await stack.run({ command: "true" }, keyed)).StatusCode).toBe(0);
    expect(stranger.connected()).toBe(false);
  });

  test("a new identity removes what the former one left, and is another agent", async () => {
    const dataDir = await stack.folder();
    const former = stack.agentProcess(dataDir);
    const id = await stack.submit({ command: "sleep 60", maxDuration: "60s" });
    await stack.running(id);
    await kill(former);
    const formerId = agentIdOf((await readFile(join(dataDir, "secret"), "utf8")).trim());
    agent = await stack.agent({ dataDir, newIdentity: true });
    expect(agent.id).not.toBe(formerId);
    expect(await leftOf(formerId)).toEqual([]);
  });

  test("an agent that starts, and one that ends, leave another one's containers and networks alone", async () => {
    const dataDir = await stack.folder();
    agent = await stack.agent({ dataDir, queues: [stack.queue] });
    const id = await stack.submit({
      command: `${untilReleased}; ip -4 addr show dev eth0`,
    });
    await stack.running(id);
    const before = await jobsLeftOf(agent.id);
    for (const drain of [true, false]) {
      const passer = await stack.agent({ dataDir: await stack.folder(), queues: [`${stack.queue}-passer`] });
      await until("it is connected", passer.connected, Boolean);
      await passer.stop({ drain });
      expect(await leftOf(passer.id)).toEqual([]);
    }
    expect(await jobsLeftOf(agent.id)).toEqual(before);
    await release(dataDir);
    const { finished } = await stack.finished(id);
    expect(JSON.stringify(finished?.result?.logs)).toContain("inet ");
  });

  test("two queues share one slot: never two jobs at a time, and both are served", async () => {
    const other = `${stack.queue}-other`;
    agent = await stack.agent({ queues: [stack.queue, other], capacity });
    await until("both queues know it", agent.connected, Boolean);
    const command = "sleep 0.3";
    const ids = await Promise.all(
      [1, 2, 3, 4].map((number) => stack.submit({ command }, number % 2 ? stack.queue : other)),
    );
    let most = 0;
    const watch = async () => {
      most = Math.max(most, (await Promise.all(ids.map(containersOf))).flat().length);
      return await Promise.all(ids.map((id, index) => stack.job(id, index % 2 ? other : stack.queue)));
    };
    await until("all are finished", watch, (jobs) => jobs.every((job) => job?.state === "Finished"));
    expect(most).toBe(1);
  });

  test("an agent that is not trusted uses no image that may be private", async () => {
    agent = await stack.agent({ trusted: false });
    const refused = await stack.finished(await stack.submit({ command: "true" }));
    expect(refused.finished?.result?.error).toMatch(/may be private.*--allow-image longshore\/shell/);
    await agent.stop({ drain: true });
    agent = await stack.agent({ trusted: false, allowImages: ["longshore/shell"] });
    expect((await stack.run({ command: "true" })).StatusCode).toBe(0);
  });

  test("a job of an image with a user of its own runs as that user, and can write where it should", async () => {
    const name = `longshore-agent-test/user-${crypto.randomUUID()}`;
    const [made] = await docker("create", "longshore/shell");
    await docker("commit", "--change", "USER 1234:5678", String(made), name);
    await docker("rm", String(made));
    try {
      agent = await stack.agent();
      const result = await stack.run({
        image: name,
        command: "id -u; id -g; mkdir /outputs/d && echo x > /outputs/d/x && echo y > /job-cache/y && cat /inputs/a",
        inputs: { a: { value: "readable" } },
      });
      expect(logText(result)).toBe("1234\n5678\nreadable");
      expect(Object.keys(result.outputs)).toEqual(["d/x"]);
    } finally {
      await agent?.stop({ drain: true });
      await docker("rmi", name);
    }
  });
});

test("nothing of a job stays in the data folder", async () => {
  const dataDir = await stack.folder();
  agent = await stack.agent({ dataDir });
  await stack.run({ command: "echo x > /outputs/x", inputs: { a: { value: "a" } } });
  await until(
    "it is cleaned up",
    () => readdir(join(dataDir, "jobs")),
    (names) => names.length === 0,
  );
  await expect(access(join(dataDir, "secret"))).resolves.toBeUndefined();
});
