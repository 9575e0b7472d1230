// One build by the engine, behind the fence of the queue's jobs and within the limits of one.

import { createReadStream } from "node:fs";
import type { Engine } from "../docker/engine.ts";
import { isEngineLoss } from "../docker/engineAnswers.ts";
import { JobFault, messageOf } from "../fault.ts";
import type { ImageWatcher } from "../images/audience.ts";
import { linesOf } from "../images/engineLines.ts";
import type { LogSink } from "../log.ts";
import { within } from "../retry.ts";
import { recipeName } from "./context.ts";
import { BuildEvent, BuildOutput } from "./output.ts";
import { StepWatch } from "./stepWatch.ts";

export interface BuildRun {
  readonly engine: Engine;
  readonly name: string;
  /** A tar with the context. */
  readonly context: string;
  readonly steps: readonly (string | undefined)[];
  readonly networkMode: string;
  readonly memoryBytes: number;
  /** Undefined: an equal share of what is free. */
  readonly cpus: number | undefined;
  readonly pids: number;
  readonly diskBytes: number;
  readonly now: () => number;
  readonly limitMs: number;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  readonly log: LogSink;
}

const cpuPeriodUs = 100_000;

/** @throws JobFault with a sentence when a step fails. Nothing but finished steps is left then. */
export async function runBuild(run: BuildRun, tell: ImageWatcher, signal: AbortSignal): Promise<void> {
  const { engine, steps, limitMs } = run;
  const watch = new StepWatch(run);
  const limited = AbortSignal.any([within(limitMs, signal), watch.over]);
  const output = new BuildOutput({ steps, tell, running: watch.begin, made: watch.made });
  try {
    const context = createReadStream(run.context);
    const stream = await engine.images.build(queryOf(run), context, limited);
    limited.addEventListener("abort", () => stream.destroy(), { once: true });
    for await (const event of linesOf(stream, BuildEvent)) {
      output.take(event);
      const fault = event.errorDetail?.message ?? event.error;
      if (fault !== undefined) throw new JobFault(stepFault(output.place, fault, event.errorDetail?.code));
    }
    limited.throwIfAborted();
    output.end();
  } catch (error) {
    signal.throwIfAborted();
    if (watch.over.aborted) throw new JobFault(`The build was stopped${output.place}: ${watch.over.reason}.`);
    if (limited.aborted)
      throw new JobFault(
        `The build was stopped${output.place}: it took longer than ${limitMs / 60_000} minutes, the most that this agent allows.`,
      );
    if (error instanceof JobFault || isEngineLoss(error)) throw error;
    throw new JobFault(stepFault(output.place, messageOf(error), undefined), { cause: error });
  } finally {
    await watch.close();
  }
}

function queryOf({
  name,
  memoryBytes,
  cpus,
  networkMode,
  buildArgs,
  labels,
  target,
}: BuildRun): Record<string, string> {
  return {
    // Not BuildKit, also where that is the usual one.
    version: "1",
    t: name,
    dockerfile: recipeName,
    networkmode: networkMode,
    // Containers of steps go, also of failed ones.
    rm: "1",
    forcerm: "1",
    memory: String(memoryBytes),
    memswap: String(memoryBytes),
    cpushares: "1024",
    ...(cpus === undefined ? {} : { cpuperiod: String(cpuPeriodUs), cpuquota: String(Math.round(cpus * cpuPeriodUs)) }),
    buildargs: JSON.stringify(buildArgs),
    labels: JSON.stringify(labels),
    ...(target === undefined ? {} : { target }),
  };
}

function stepFault(place: string, said: string, code: number | undefined): string {
  const reason = said.trim().replace(/\.$/, "");
  if (/returned a non-zero code/.test(reason)) {
    const memory =
      code === 137 ? " That is how a program ends that ran out of memory: requirements.memory asks for more." : "";
    return `The build failed${place}: its command ended with ${code ?? "an error"}; the log shows what it printed.${memory}`;
  }
  if (/failed to reach build target/.test(reason))
    return `The build has no stage of the name that \`target\` says (${reason}).`;
  return `The build failed${place}: ${reason}.`;
}
