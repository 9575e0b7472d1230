// For the tests of this folder: a real edge in a process of its own, agents on the real Docker engine, and a client. Whatever
// a test starts ends with it.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import * as v from "valibot";
import { paths, ResultAnswer, StatusAnswer, SubmitAnswer } from "../wire/http.ts";
import { JobId } from "../wire/ids.ts";
import type { Job } from "../wire/job.ts";
import type { JobResult } from "../wire/result.ts";
import { type AgentOptions, type RunningAgent, startAgent } from "./agent.ts";
import type { AgentEvent } from "./log.ts";
import { containersOf, removeLeftovers } from "./testEngine.ts";
import { systemWorld } from "./world.ts";

export const image = "longshore/shell";

const serverProgram = `
  import { startServer } from ${JSON.stringify(new URL("../edge/node/server.ts", import.meta.url).href)};
  const [dataDir, port] = process.argv.slice(1);
  // Public: a test may put something between the agent and it, under another address.
  const server = await startServer({ dataDir, port: Number(port), access: "public", settings: { admits: "any" } });
  console.log(server.port);
  process.stdin.resume().once("end", () => process.exit());
`;

export interface Stack {
  readonly api: string;
  readonly queue: string;
  readonly events: AgentEvent[];
  agent(options?: Partial<AgentOptions>): Promise<RunningAgent>;
  /** An agent in a process of its own, to be killed. */
  agentProcess(dataDir: string): ChildProcess;
  folder(): Promise<string>;
  stopEdge(): Promise<void>;
  startEdge(): Promise<void>;
  submit(definition: object, queue?: string): Promise<JobId>;
  run(definition: object, queue?: string): Promise<JobResult>;
  job(id: JobId, queue?: string): Promise<Job | null>;
  finished(id: JobId, queue?: string): Promise<Job>;
  running(id: JobId, queue?: string): Promise<void>;
  cancel(id: JobId): Promise<void>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export async function startStack(): Promise<Stack> {
  const root = await mkdtemp(join(tmpdir(), "longshore-agent-"));
  const queue = `agent-test-${crypto.randomUUID()}`;
  const events: AgentEvent[] = [];
  const agents: RunningAgent[] = [];
  const processes: ChildProcess[] = [];
  let edge = await edgeProcess(join(root, "edge"), 0).catch(async (error: unknown) => {
    await rm(root, { recursive: true, force: true });
    throw error;
  });
  const api = `http://localhost:${edge.port}`;
  const job = async (id: JobId, name = queue): Promise<Job | null> => {
    const answer = await json(`${api}${paths.queue(name)}/j`);
    const all = v.parse(v.object({ data: v.record(v.string(), v.unknown()) }), answer).data;
    const finished = v.parse(ResultAnswer, await json(`${api}${paths.result(name, id)}`)).data;
    return finished ?? (all[id] === undefined ? null : v.parse(ListedJob, all[id]));
  };
  const stack: Stack = {
    api,
    queue,
    events,
    job,
    folder: () => mkdtemp(join(root, "folder-")),
    agent: async (options = {}) => {
      const agent = await startAgent({
        queues: [queue],
        api,
        dataDir: join(root, "agent"),
        capacity: { slots: 2, cpus: 2, memoryBytes: 1024 ** 3, gpus: [], tags: [], maxDurationMs: 60_000 },
        trusted: true,
        log: (event) => events.push(event),
        world: systemWorld,
        ...options,
      });
      agents.push(agent);
      return agent;
    },
    agentProcess: (dataDir) => {
      const cli = new URL("./cli.ts", import.meta.url).pathname;
      const env = { ...process.env, LONGSHORE_QUEUES: queue };
      const child = spawn(process.execPath, [cli, "agent", "--api", api, "--data-dir", dataDir, "--trust"], {
        env,
        stdio: "ignore",
      });
      processes.push(child);
      return child;
    },
    stopEdge: () => kill(edge.child),
    startEdge: async () => {
      edge = await edgeProcess(join(root, "edge"), edge.port);
    },
    submit: async (definition, name = queue) => {
      const nonce = { image, ...definition, env: { NONCE: crypto.randomUUID(), ...envOf(definition) } };
      const body = JSON.stringify({ definition: nonce });
      const answer = await json(`${api}${paths.queue(name)}`, {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      });
      return v.parse(JobId, v.parse(SubmitAnswer, answer).jobId);
    },
    run: async (definition, name = queue) => {
      const done = await stack.finished(await stack.submit(definition, name), name);
      if (!done.finished?.result) throw new Error(`The job ended without a result: ${JSON.stringify(done)}`);
      return done.finished.result;
    },
    finished: async (id, name = queue) => {
      const done = await until(
        "the job is finished",
        () => job(id, name),
        (seen) => seen?.state === "Finished" && seen.finished !== undefined,
      );
      if (!done) throw new Error("The job is gone.");
      return done;
    },
    running: async (id, name = queue) => {
      await until(
        "the container runs",
        () => containersOf(id),
        (names) => names.length > 0,
      );
      await until(
        "the job is running",
        () => job(id, name),
        (seen) => seen?.state === "Running",
      );
    },
    cancel: async (id) => {
      await json(`${api}${paths.cancel(queue, id)}`, { method: "POST" });
    },
    fetch: (path, init) => fetch(`${api}${path}`, init),
    close: async () => {
      await Promise.all(agents.map((agent) => agent.stop({ drain: false })));
      await Promise.all(processes.map((child) => ended(child, "SIGINT", "SIGINT")));
      await kill(edge.child);
      await removeLeftovers(root);
      await rm(root, { recursive: true, force: true });
    },
  };
  return stack;
}

const ListedJob = v.pipe(
  v.looseObject({ state: v.picklist(["Queued", "Running", "Finished", "Removed"]) }),
  v.transform((job): Job => ({ queuedTime: 0, time: 0, worker: "", ...job })),
);

function envOf(definition: object): object {
  return "env" in definition && typeof definition.env === "object" && definition.env !== null ? definition.env : {};
}

/** Polls a state until it is as wanted. The error shows the last state seen. The limit is for a machine under load. */
export async function until<T>(
  what: string,
  look: () => Promise<T> | T,
  wanted: (seen: T) => boolean,
  limitMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (wanted(seen)) return seen;
    if (Date.now() > deadline)
      throw new Error(`Waited ${limitMs} ms until ${what}. Last seen: ${JSON.stringify(seen)}`);
    await after(20);
  }
}

export function logText(result: JobResult): string {
  return result.logs.map(([text]) => text).join("\n");
}

export function status(stack: Stack): Promise<v.InferOutput<typeof StatusAnswer>> {
  return json(`${stack.api}${paths.status(stack.queue)}`).then((answer) => v.parse(StatusAnswer, answer));
}

async function json(url: string, init?: RequestInit): Promise<unknown> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

async function edgeProcess(dataDir: string, port: number): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(
    process.execPath,
    ["--input-type=module-typescript", "-e", serverProgram, dataDir, String(port)],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.once("error", (error) => {
    said += String(error);
  });
  const { ended } = await until(
    "the edge has said its port, or ended",
    () => ({ said, ended: child.exitCode ?? child.signalCode }),
    (seen) => seen.said.endsWith("\n") || seen.ended !== null,
  );
  if (ended !== null) throw new Error(`The edge ended with ${ended}: ${said}`);
  return { child, port: Number(said) };
}

export function kill(child: ChildProcess): Promise<void> {
  return ended(child, "SIGKILL");
}

async function ended(child: ChildProcess, ...signals: NodeJS.Signals[]): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for (const signal of signals) child.kill(signal);
  await exit;
}
