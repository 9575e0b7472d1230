// An agent's process is killed in every phase of a job. The next one of the same data folder adopts or finishes what there is,
// says what ended meanwhile, and leaves nothing behind; the job has one result.

import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { JobId } from "../wire/ids.ts";
import type { AgentOptions, RunningAgent } from "./agent.ts";
import { longshore } from "./testCommand.ts";
import { docker, jobsLeftOf, leftOf } from "./testEngine.ts";
import { startProxy, type TestProxy } from "./testProxy.ts";
import { release, untilReleased } from "./testRelease.ts";
import { kill, type Stack, startStack, until } from "./testStack.ts";

let stack: Stack;
let engine: TestProxy;
let socket: string;
let api: TestProxy;
let dataDir: string;
let first: ReturnType<typeof longshore> | undefined;
let agent: RunningAgent | undefined;

beforeEach(async () => {
  stack = await startStack();
  dataDir = await stack.folder();
  socket = join(await stack.folder(), "docker.sock");
  engine = await startProxy({ path: "/var/run/docker.sock" }, socket);
  api = await startProxy({ host: "localhost", port: Number(new URL(stack.api).port) });
});

afterEach(async () => {
  if (first) await kill(first.child);
  await stack.close();
  await Promise.all([engine.close(), api.close()]);
  if (agent) expect(await leftOf(agent.id)).toEqual([]);
  [first, agent] = [undefined, undefined];
});

/** An agent whose ways to its engine and to the queue are the proxies. */
async function startFirst(...args: string[]): Promise<void> {
  first = longshore(
    ["agent", "--api", `http://127.0.0.1:${api.port}`, "--data-dir", dataDir, "--trust", "--slots", "1", ...args],
    { LONGSHORE_QUEUES: stack.queue, DOCKER_HOST: `unix://${socket}` },
  );
  await until(
    "it is welcomed",
    () => first?.output,
    (output) => output?.out.includes("session welcomed") === true,
  );
}

async function killFirst(): Promise<void> {
  if (first) await kill(first.child);
  engine.cut();
  api.cut();
}

/** The next process of the same agent, whose ways are open. */
async function restart(options: Partial<AgentOptions> = {}): Promise<void> {
  const capacity = { slots: 1, gpus: [], tags: [], maxDurationMs: 60_000 };
  agent = await stack.agent({ dataDir, capacity, ...options });
}

/** The job has ended as it should, once, and nothing of it is left but what its agent always has. */
async function expectEnd(id: JobId, { runs }: { readonly runs: number }): Promise<void> {
  expect((await stack.finished(id)).finished?.result).toMatchObject({ StatusCode: 0 });
  expect(await runsOf(id)).toBe(runs);
  await until(
    "no container of a job is left",
    () => jobsLeftOf(String(agent?.id)),
    (left) => left.length === 0,
  );
  await until(
    "no folder of a job is left",
    () => readdir(join(dataDir, "jobs")),
    (left) => left.length === 0,
  );
  await until(
    "no finish is unsent",
    () => agent?.status().unsent,
    (unsent) => unsent === 0,
  );
  expect((await readdir(dataDir, { recursive: true })).filter((name) => name.endsWith(".partial"))).toEqual([]);
}

/** How often its container has begun: each one leaves a line. */
async function runsOf(id: JobId): Promise<number> {
  const [cache = ""] = await readdir(join(dataDir, "job-cache"));
  const text = await readFile(join(dataDir, "job-cache", cache, `runs-${id}`), "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "").length;
}

const counted = (rest: string) => `echo run >> /job-cache/runs-$JOB_ID; ${rest}`;

/** Whether a request is about a container of a job, not one of the agent's own. */
async function isOfJob(request: string): Promise<boolean> {
  const container = /containers\/([0-9a-f]{64})/.exec(request)?.[1];
  if (container === undefined) return false;
  return (await docker("inspect", "-f", '{{index .Config.Labels "longshore.job"}}', container))[0]?.length === 64;
}

test("while it fetches inputs", async () => {
  const asked = Promise.withResolvers<void>();
  let answers = false;
  // A source that does not answer before the agent is dead.
  const source = createServer((_request, response) => {
    asked.resolve();
    if (answers) response.end("content");
    else response.write("con");
  });
  await new Promise<void>((resolve) => source.listen(0, "127.0.0.1", resolve));
  const address = source.address();
  const value = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/input`;
  try {
    await startFirst("--allow-range", "127.0.0.0/8");
    const id = await stack.submit({ command: counted("cat /inputs/a"), inputs: { a: { type: "url", value } } });
    await asked.promise;
    await killFirst();
    answers = true;
    await restart({ allowRanges: ["127.0.0.0/8"] });
    await expectEnd(id, { runs: 1 });
  } finally {
    source.closeAllConnections();
    source.close();
  }
});

test("while it pulls", async () => {
  const asked = Promise.withResolvers<void>();
  let answers = false;
  // A registry that is slow first and then doesn't have it.
  const registry = createServer((request, response) => {
    if (request.url?.includes("manifests") !== true) return void response.end("{}");
    asked.resolve();
    if (answers) response.writeHead(404).end("{}");
  });
  await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
  const address = registry.address();
  const image = `localhost:${typeof address === "object" ? address?.port : 0}/slow:1`;
  try {
    await startFirst();
    const id = await stack.submit({ image, command: "true" });
    await asked.promise;
    await killFirst();
    answers = true;
    await restart();
    const job = await stack.finished(id);
    expect(job.finished?.reason).toBe("Error");
    expect(job.finished?.result?.error).toMatch(/slow/);
    await until(
      "nothing of its jobs is left",
      () => jobsLeftOf(String(agent?.id)),
      (left) => left.length === 0,
    );
  } finally {
    registry.closeAllConnections();
    registry.close();
  }
});

test("between creating its container and starting it", async () => {
  await startFirst();
  const held = engine.hold(async (request) => /\/start\b/.test(request) && (await isOfJob(request)));
  const id = await stack.submit({ command: counted("true") });
  await held;
  await killFirst();
  await restart();
  await expectEnd(id, { runs: 1 });
});

test("while its container runs", async () => {
  await startFirst();
  const id = await stack.submit({ command: counted(`${untilReleased}; echo done`) });
  await stack.running(id);
  await killFirst();
  await restart();
  await release(dataDir);
  await expectEnd(id, { runs: 1 });
  expect(stack.events).toContainEqual(expect.objectContaining({ event: "job adopted", state: "running" }));
});

test("while it collects outputs", async () => {
  await startFirst();
  const held = api.hold((request) => /^(?:GET|HEAD) \/f\//.test(request));
  const id = await stack.submit({ command: counted("head -c 100000 /dev/urandom > /outputs/some") });
  await held;
  await killFirst();
  await restart();
  await expectEnd(id, { runs: 1 });
  expect((await stack.job(id))?.finished?.result?.outputs).toHaveProperty("some");
  expect(stack.events).toContainEqual(expect.objectContaining({ event: "job adopted", state: "exited" }));
});

test("while it uploads", async () => {
  await startFirst();
  const held = api.hold((request) => request.startsWith("PUT /f/"));
  const id = await stack.submit({ command: counted("head -c 100000 /dev/urandom > /outputs/some") });
  await held;
  await killFirst();
  await restart();
  await expectEnd(id, { runs: 1 });
  expect((await stack.job(id))?.finished?.result?.outputs).toHaveProperty("some");
});

test("with a finish that the queue has not heard", async () => {
  await startFirst();
  const id = await stack.submit({ command: counted(untilReleased) });
  await stack.running(id);
  await stack.stopEdge();
  await release(dataDir);
  await until(
    "the finish is on disk",
    () => readdir(join(dataDir, "spool"), { recursive: true }),
    (names) => names.some((name) => name.endsWith(".json")),
  );
  await killFirst();
  await stack.startEdge();
  await restart();
  await expectEnd(id, { runs: 1 });
});
