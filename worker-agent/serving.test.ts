// How long an agent serves, and what it says of itself meanwhile: in processes of their own, as people run them.

import type { ChildProcess } from "node:child_process";
import { readdir } from "node:fs/promises";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { longshore } from "./testCommand.ts";
import { leftOf } from "./testEngine.ts";
import { release, untilReleased } from "./testRelease.ts";
import { kill, type Stack, startStack, status, until } from "./testStack.ts";
import { systemWorld } from "./world.ts";

const Line = v.looseObject({ event: v.string(), agent: v.optional(v.string()), port: v.optional(v.number()) });
type Line = v.InferOutput<typeof Line>;
const Status = v.object({ agent: v.string(), state: v.string(), slotsUsed: v.number() });

let stack: Stack;
const children: ChildProcess[] = [];

beforeEach(async () => {
  stack = await startStack();
});

afterEach(async () => {
  await Promise.all(children.splice(0).map(kill));
  await stack.close();
});

async function started(...args: string[]) {
  const dataDir = await stack.folder();
  const agent = longshore(["agent", "--api", stack.api, "--data-dir", dataDir, "--trust", ...args], {
    LONGSHORE_QUEUES: stack.queue,
  });
  children.push(agent.child);
  const events = () =>
    agent.output.out.split("\n").flatMap((line) => (line === "" ? [] : [v.parse(Line, JSON.parse(line))]));
  const event = (name: string) =>
    until(
      `there is a line "${name}"`,
      () => ({ found: events().find((one) => one.event === name), output: agent.output }),
      ({ found }) => found !== undefined,
    ).then(({ found }): Line => found ?? { event: name });
  return { ...agent, dataDir, events, event };
}

test("--once runs one job, leaves the next in line and exits with 0", async () => {
  const [first, second] = [await stack.submit({ command: "true" }), await stack.submit({ command: "true" })];
  const agent = await started("--once", "--slots", "2");
  expect(await agent.exit).toBe(0);
  expect((await stack.job(first))?.finished?.reason).toBe("Success");
  expect((await stack.job(second))?.state).toBe("Queued");
  expect(agent.events().map(({ event }) => event)).toContain("agent done");
  expect(await leftOf(String(agent.events()[0]?.agent))).toEqual([]);
});

test("--idle-exit ends an agent that has had no job for that long, and not sooner", async () => {
  const agent = await started("--idle-exit", "1500ms");
  const id = await stack.submit({ command: "sleep 2" });
  expect(await agent.exit).toBe(0);
  expect((await stack.job(id))?.finished?.reason).toBe("Success");
  expect(agent.events().find(({ event }) => event === "agent done")).toMatchObject({
    message: "It has had no job for 2 s.",
  });
});

test("a pause finishes what runs, takes nothing, says why, outlasts a restart, and ends with resume", async () => {
  const agent = await started();
  const running = await stack.submit({ command: `${untilReleased}; echo done` });
  await stack.running(running);
  const pause = longshore(["agent", "pause", "--data-dir", agent.dataDir, "--note", "an update"]);
  expect(await pause.exit).toBe(0);
  await agent.event("agent paused");
  const waiting = await stack.submit({ command: "true" });
  await release(agent.dataDir);
  expect((await stack.finished(running)).finished?.reason).toBe("Success");
  const why = await until(
    "the queue says why the job waits",
    () => status(stack),
    ({ jobs }) => jobs[waiting]?.waiting?.startsWith("No agent takes jobs now") === true,
  );
  expect(why.jobs[waiting]?.waiting).toBe("No agent takes jobs now: It is paused: an update.");
  expect(Object.values(why.localWorkers)[0]).toMatchObject({ cpus: 0, note: "It is paused: an update." });
  agent.child.kill("SIGTERM");
  expect(await agent.exit).toBe(0);

  const again = await stack.agent({ dataDir: agent.dataDir });
  await until("it is connected", again.connected, Boolean);
  expect(again.status()).toMatchObject({ state: "waiting", note: "It is paused: an update." });
  expect((await stack.job(waiting))?.state).toBe("Queued");
  const resume = longshore(["agent", "resume", "--data-dir", agent.dataDir]);
  expect(await resume.exit).toBe(0);
  expect((await stack.finished(waiting)).finished?.reason).toBe("Success");
  expect(await readdir(agent.dataDir)).not.toContain("paused");
});

test("a pause with a time ends by itself", async () => {
  const dataDir = await stack.folder();
  expect(await longshore(["agent", "pause", "--data-dir", dataDir, "--for", "10m"]).exit).toBe(0);
  let laterMs = 0;
  const agent = await stack.agent({ dataDir, world: { ...systemWorld, now: () => Date.now() + laterMs } });
  expect(agent.status().note).toMatch(/^It is paused until 20/);
  laterMs = 10 * 60_000;
  expect((await stack.run({ command: "true" })).StatusCode).toBe(0);
  expect(agent.status().state).toBe("serving");
});

test("the health page, its metrics and its verdict follow what the agent does", async () => {
  const agent = await started("--health-port", "0", "--slots", "2");
  const { port } = await agent.event("health page");
  const at = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  await until(
    "it is well",
    async () => (await at("/healthz")).status,
    (code) => code === 200,
  );
  const id = await stack.submit({ command: untilReleased });
  await stack.running(id);
  expect(v.parse(Status, await (await at("/status.json")).json())).toMatchObject({ state: "serving", slotsUsed: 1 });
  const page = await (await at("/")).text();
  expect(page).toMatch(/slots +1 of 2 used/);
  expect(page).toContain(`job      ${id.slice(0, 12)} of `);
  await stack.cancel(id);
  await stack.run({ command: "false" });
  const metrics = await (await at("/metrics")).text();
  expect(metrics).toContain("\nlongshore_agent_slots 2\n");
  expect(metrics).toContain('\nlongshore_agent_jobs_finished_total{reason="Success"} 1\n');
  expect(metrics).toMatch(/\nlongshore_agent_queue_connected\{queue="[0-9a-f]{8}"\} 1\n/);
  expect(page + metrics).not.toContain(stack.queue);

  await stack.stopEdge();
  const ill = await until(
    "it is not well",
    async () => {
      const answer = await at("/healthz");
      return { code: answer.status, text: await answer.text() };
    },
    ({ code }) => code === 503,
  );
  expect(ill.text).toBe("1 of 1 queues are not connected.\n");
});
