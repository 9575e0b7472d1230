// A created or adopted container until its end: its output, its exit, its time limit.

import type { Readable } from "node:stream";
import { JobFault, messageOf, Stopped } from "../fault.ts";
import { engineAwayMs, engineRetry, lastOutputMs, stopGraceMs, timerMsMax } from "../limits.ts";
import { jitteredMs, settledWithin, sleep } from "../retry.ts";
import type { World } from "../world.ts";
import { Demultiplexer, type LogStream } from "./demux.ts";
import type { Engine } from "./engine.ts";
import { EngineError } from "./engineAnswers.ts";
import { stopContainer } from "./stopContainer.ts";

export interface Run {
  readonly engine: Engine;
  readonly id: string;
  /** `new` is created and not started; `running` and `exited` are an earlier process's. */
  readonly state: "new" | "running" | "exited";
  readonly limitMs: number;
  readonly printed: (stream: LogStream, chunk: Buffer) => void;
  readonly note: (text: string) => void;
  readonly world: World;
}

export interface RunEnd {
  readonly statusCode: number;
  /** The container's own time. */
  readonly durationMs: number;
  readonly timedOut: boolean;
  readonly outOfMemory: boolean;
}

/**
 * Resolves when the container has ended, by itself or at its time limit.
 * @throws the signal's reason when it is aborted, after the container was stopped; JobFault when it can't be started.
 */
export async function runContainer(run: Run, signal: AbortSignal): Promise<RunEnd> {
  const { engine, id, state } = run;
  signal.throwIfAborted();
  // Attached before the start: what a short job prints would otherwise be lost.
  const output = state === "exited" ? await engine.logs(id, signal) : await engine.attach(id, state === "running");
  const printed = readAll(output, run);
  const startedAt = run.world.now();
  try {
    if (state === "new") await start(engine, id);
    const begun = state === "running" ? await startOf(run) : startedAt;
    const timedOut = await ended(run, begun, signal);
    // The end of the output follows the last byte; a container without a process prints nothing any more.
    await settledWithin(printed, lastOutputMs);
    signal.throwIfAborted();
    return await endOf(run, timedOut);
  } finally {
    output.destroy();
  }
}

/** Waits for the exit. True when the time limit made it. */
async function ended(run: Run, begunAt: number, signal: AbortSignal): Promise<boolean> {
  const { engine, id, limitMs, world } = run;
  const over = new AbortController();
  const left = Math.min(timerMsMax, Math.max(0, begunAt + limitMs - world.now()));
  const limit = setTimeout(() => over.abort(), left);
  const either = AbortSignal.any([signal, over.signal]);
  try {
    await exited(run, either);
    return false;
  } catch (error) {
    if (!either.aborted) throw error;
    const reason: unknown = signal.reason;
    await stopContainer(engine, id, signal.aborted && reason instanceof Stopped ? reason.graceMs : stopGraceMs);
    signal.throwIfAborted();
    return true;
  } finally {
    clearTimeout(limit);
  }
}

/** Waits for the exit across an engine that goes away and comes back. */
async function exited({ engine, id, limitMs, note, world }: Run, signal: AbortSignal): Promise<void> {
  let awaySince: number | undefined;
  for (let failures = 0; ; failures += 1) {
    const askedAt = world.now();
    try {
      // The container was started, so "not running" means its end. The limit is only for an engine that never answers.
      await engine.wait(id, limitMs * 2 + engineAwayMs, signal);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof EngineError) || error.status !== undefined) {
        throw new JobFault(`The container was lost: ${messageOf(error)}.`, { cause: error });
      }
      if (world.now() - askedAt > engineAwayMs) awaySince = undefined;
      awaySince ??= world.now();
      if (failures === 0) note("\u2014 the Docker engine went away; waiting for it \u2014");
      if (world.now() - awaySince > engineAwayMs)
        throw new JobFault("The Docker engine went away while the job ran, and did not come back.");
      await sleep(jitteredMs(failures, engineRetry, world.random), signal);
    }
  }
}

async function start(engine: Engine, id: string): Promise<void> {
  try {
    await engine.start(id);
  } catch (error) {
    if (!(error instanceof EngineError) || error.status === undefined) throw error;
    throw new JobFault(startFault(error.message), { cause: error });
  }
}

/** The runtime's text is for its developers; what usually is wrong is one of a few things. */
function startFault(text: string): string {
  const program =
    /exec: "?(.+?)"?: (?:executable file not found|stat .*no such file|permission denied|no such file)/.exec(text)?.[1];
  if (program !== undefined) {
    return `The container could not start: the image has no program ${JSON.stringify(program.replace(/^\\"|\\"$|"/g, ""))} that can be run. Check the command and the entrypoint.`;
  }
  return `The container could not start: ${text}`;
}

async function startOf({ engine, id, world }: Run): Promise<number> {
  const at = Date.parse((await engine.inspect(id))?.State.StartedAt ?? "");
  return Number.isFinite(at) ? at : world.now();
}

async function endOf({ engine, id, limitMs }: Run, timedOut: boolean): Promise<RunEnd> {
  const state = (await engine.inspect(id))?.State;
  if (!state) throw new JobFault("The container was removed while the job ran, by somebody else.");
  const duration = Date.parse(state.FinishedAt) - Date.parse(state.StartedAt);
  return {
    statusCode: state.ExitCode,
    durationMs: Number.isFinite(duration) ? Math.max(0, duration) : 0,
    // An adopted container may have ended by itself, but only after its time.
    timedOut: timedOut || duration > limitMs + stopGraceMs,
    outOfMemory: state.OOMKilled,
  };
}

async function readAll(output: Readable, { printed, note }: Run): Promise<void> {
  const demultiplexer = new Demultiplexer(printed);
  return await new Promise((resolve) => {
    output.on("data", (chunk: Buffer) => {
      try {
        demultiplexer.write(chunk);
      } catch (error) {
        output.destroy(error instanceof Error ? error : undefined);
      }
    });
    output.once("error", (error) => {
      note(`\u2014 the log was interrupted: ${messageOf(error)} \u2014`);
      resolve();
    });
    output.once("close", resolve);
    output.once("end", resolve);
  });
}
