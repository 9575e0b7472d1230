// A created or adopted container until its end: its output, its exit, its time limit.

import type { Readable } from "node:stream";
import { setTimeout as after } from "node:timers/promises";
import { EngineLost, JobFault, messageOf, Stopped } from "../fault.ts";
import {
  engineAwayMs,
  engineRetry,
  killedStatus,
  lastOutputMs,
  oomNewsMs,
  stopGraceMs,
  timerMsMax,
} from "../limits.ts";
import { jitteredMs, settledWithin, sleep } from "../retry.ts";
import type { World } from "../world.ts";
import { ContainerOutput } from "./containerOutput.ts";
import type { LogStream } from "./demux.ts";
import type { Engine } from "./engine.ts";
import { type ContainerState, EngineError, isEngineLoss } from "./engineAnswers.ts";
import { keptLog, type Seen } from "./keptLog.ts";
import { stopContainer } from "./stopContainer.ts";

/** How a container comes to run. */
export type Beginning =
  /** Created and not started. */
  | { readonly kind: "new" }
  /** Started and waiting for its job, attached: `release` makes it the job, and says whether it could. */
  | { readonly kind: "waiting"; readonly output: Readable; readonly release: () => Promise<boolean> }
  /** An earlier process's; `since` when it became the job, if that was not its start; `seen` what that has safe of its output. */
  | { readonly kind: "running" | "exited"; readonly since?: number | undefined; readonly seen?: Seen | undefined };

export interface Run {
  readonly engine: Engine;
  readonly id: string;
  readonly begin: Beginning;
  readonly limitMs: number;
  readonly printed: (stream: LogStream, chunk: Buffer) => void;
  readonly note: (text: string) => void;
  /** What is printed next does not follow what came before, nor does it begin with the container's first line. */
  readonly gap: () => void;
  /** Its process runs. */
  readonly started?: () => void;
  /** It prints no more, as it seems: its processes have ended, or are about to, or the engine has. */
  readonly silent?: () => void;
  readonly world: World;
}

export interface RunEnd {
  readonly statusCode: number;
  /** From when it was let start until its end was seen; of an adopted one, what the engine says. */
  readonly durationMs: number;
  readonly timedOut: boolean;
  readonly outOfMemory: boolean;
}

/** A container that was to become the job had ended before. */
export class NeverBegan extends Error {}

/**
 * Resolves when the container has ended, by itself or at its time limit.
 * @throws the signal's reason when it is aborted, after the container was stopped; JobFault when it can't be started.
 */
export async function runContainer(run: Run, signal: AbortSignal): Promise<RunEnd> {
  signal.throwIfAborted();
  const { printed, note, gap, silent = () => {} } = run;
  const output = new ContainerOutput({ printed, note, gap, silent, now: run.world.now });
  output.read(await outputOf(run, signal));
  try {
    const startedAt = run.world.elapsed();
    const since = await start(run);
    run.started?.();
    const timedOut = await ended(run, output, since, signal);
    const tookMs = Math.round(run.world.elapsed() - startedAt);
    // The end of the output follows the last byte; a container without a process prints nothing any more.
    await settledWithin(output.over, lastOutputMs);
    signal.throwIfAborted();
    return await endOf(run, timedOut, { since, tookMs: isAdopted(run) ? undefined : tookMs });
  } finally {
    output.close();
  }
}

/** Attached before the start: what a short job prints would otherwise be lost. */
async function outputOf({ engine, id, begin, gap }: Run, signal: AbortSignal): Promise<Readable> {
  switch (begin.kind) {
    case "new":
      return await engine.attach(id, false);
    case "waiting":
      return begin.output;
    case "running":
    case "exited": {
      const how = { seen: begin.seen, follow: begin.kind === "running", signal };
      const { stream, isWhole } = await keptLog(engine, id, how);
      if (!isWhole) gap();
      return stream;
    }
  }
}

/** Waits for the exit. True when the time limit made it. */
async function ended(run: Run, output: ContainerOutput, begunAt: number, signal: AbortSignal): Promise<boolean> {
  const { engine, id, limitMs, world } = run;
  const over = new AbortController();
  const left = Math.min(timerMsMax, Math.max(0, begunAt + limitMs - world.now()));
  const limit = setTimeout(() => over.abort(), left);
  const either = AbortSignal.any([signal, over.signal]);
  try {
    await exited(run, output, either);
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

/** Waits for the exit across an engine that goes away and comes back. @throws EngineLost when it took the container with it. */
async function exited(run: Run, output: ContainerOutput, signal: AbortSignal): Promise<void> {
  const { engine, id, limitMs, note, world } = run;
  let awaySince: number | undefined;
  for (let failures = 0; ; failures += 1) {
    try {
      if (awaySince !== undefined) {
        await expectRunning(engine, id, signal);
        output.readAgain(await keptLog(engine, id, { seen: output.seen, follow: true, signal }));
        note("\u2014 the Docker engine is back; what it had not kept of the log is missing \u2014");
      }
      awaySince = undefined;
      // The container was started, so "not running" means its end. The limit is only for an engine that never answers.
      await engine.wait(id, limitMs * 2 + engineAwayMs, signal);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof EngineLost) throw error;
      if (!isEngineLoss(error)) throw new JobFault(`The container was lost: ${messageOf(error)}.`, { cause: error });
      if (awaySince === undefined) note("\u2014 the Docker engine went away; waiting for it \u2014");
      awaySince ??= world.elapsed();
      if (world.elapsed() - awaySince > engineAwayMs)
        throw new EngineLost("The Docker engine went away while the job ran, and did not come back.", { cause: error });
      await sleep(jitteredMs(failures, engineRetry, world.random), signal);
    }
  }
}

/** Where an engine's absence ends a container, its exit code says nothing about the job. */
async function expectRunning(engine: Engine, id: string, signal: AbortSignal): Promise<void> {
  const container = await engine.inspect(id, signal);
  if (container?.State.Running !== true)
    throw new EngineLost("The Docker engine went away and ended the job's container.");
}

/** Since when it is the job. */
async function start({ engine, id, begin, world }: Run): Promise<number> {
  const now = world.now();
  switch (begin.kind) {
    case "new":
      await startNew(engine, id);
      return now;
    case "waiting":
      if (!(await begin.release())) throw new NeverBegan("The container that waited for the job has ended.");
      return now;
    case "running":
    case "exited":
      return begin.since ?? startedAt(await engine.inspect(id)) ?? now;
  }
}

async function startNew(engine: Engine, id: string): Promise<void> {
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
    const name = program.replace(/^\\"|\\"$|"/g, "");
    const advice =
      name === "/bin/sh"
        ? "Operators, globs and comments need a shell: write the command without them, or as an array of words."
        : "Check the command and the entrypoint.";
    return `The container could not start: the image has no program ${JSON.stringify(name)} that can be run. ${advice}`;
  }
  return `The container could not start: ${text}`;
}

function isAdopted({ begin }: Run): boolean {
  return begin.kind === "running" || begin.kind === "exited";
}

interface Length {
  /** As it was seen here, of one that this process let start. */
  readonly tookMs: number | undefined;
  /** Since when it is the job. */
  readonly since: number;
}

async function endOf(run: Run, timedOut: boolean, { tookMs, since }: Length): Promise<RunEnd> {
  const container = await stateAtEnd(run, timedOut);
  const { State: state } = container;
  // An engine that is being stopped ends containers as if they had ended themselves.
  if (state.ExitCode !== 0 && !timedOut) await run.engine.ping();
  const from = Math.max(startedAt(container) ?? 0, run.begin.kind === "new" ? 0 : since);
  const engineMs = Date.parse(state.FinishedAt) - from;
  return {
    statusCode: state.ExitCode,
    // Of a short run the engine may say that it ended before it began.
    durationMs: tookMs ?? (Number.isFinite(engineMs) ? Math.max(0, engineMs) : 0),
    // An adopted container may have ended by itself, but only after its time.
    timedOut: timedOut || engineMs > run.limitMs + stopGraceMs,
    outOfMemory: state.OOMKilled,
  };
}

/** The engine hears of a lack of memory beside the end, and under load after it: whatever was killed is looked at twice. */
async function stateAtEnd({ engine, id }: Run, timedOut: boolean): Promise<ContainerState> {
  const first = await engine.inspect(id);
  const isKilled = !timedOut && first?.State.ExitCode === killedStatus && !first.State.OOMKilled;
  if (isKilled) await after(oomNewsMs);
  const container = isKilled ? await engine.inspect(id) : first;
  if (!container) throw new JobFault("The container was removed while the job ran, by somebody else.");
  return container;
}

function startedAt(container: ContainerState | undefined): number | undefined {
  const at = Date.parse(container?.State.StartedAt ?? "");
  return Number.isFinite(at) ? at : undefined;
}
