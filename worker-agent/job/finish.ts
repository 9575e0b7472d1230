// How an attempt's end is told to its queue.

import { hash } from "node:crypto";
import type { Finish, Held } from "../../wire/agentMessages.ts";
import { own } from "../../wire/ids.ts";
import { resultBytesMax, resultInlineBytesMax } from "../../wire/limits.ts";
import type { ImageUsed, JobResult, PhaseTime } from "../../wire/result.ts";
import { JobFault } from "../fault.ts";
import type { Outputs } from "../files/outputs.ts";
import type { BlobUpload } from "../files/upload.ts";
import type { MeteredEnd } from "./execute.ts";
import type { LogEnd } from "./jobLog.ts";

export interface RunReport {
  readonly held: Held;
  readonly end: MeteredEnd;
  /** Absent when the time limit ended it: half-written files are no outputs. */
  readonly outputs: Outputs | undefined;
  readonly limitMs: number;
  readonly log: LogEnd;
  readonly phases: PhaseTime[];
  /** Unknown when it ended before it had one. */
  readonly image: ImageUsed | undefined;
}

/** A container that ran has finished, whatever its exit code. A result too large for a frame is uploaded. */
export async function runFinish(
  { held: { job, attempt }, end, outputs, limitMs, log, phases, image }: RunReport,
  blobs: BlobUpload,
  signal: AbortSignal,
): Promise<Finish> {
  const error = end.timedOut ? { error: `The job was stopped at its time limit of ${limitMs / 1000} s.` } : {};
  const result: JobResult = {
    StatusCode: end.statusCode,
    duration: end.durationMs,
    resources: end.resources,
    isTimedOut: end.timedOut,
    ...logOf(log),
    outputs: outputs?.outputs ?? {},
    ...(outputs && Object.keys(outputs.outputSizes).length > 0 ? { outputSizes: outputs.outputSizes } : {}),
    phases,
    ...(image ? { image } : {}),
    ...error,
  };
  const finish = {
    job,
    attempt,
    reason: end.timedOut ? "TimedOut" : "Success",
    statusCode: end.statusCode,
    ...linesOf(log),
    ...error,
  } as const;
  const json = Buffer.from(JSON.stringify(result));
  if (json.length <= resultInlineBytesMax) return { ...finish, result };
  if (json.length > resultBytesMax) {
    throw new JobFault(
      `The result is ${json.length} bytes, more than ${resultBytesMax}: the job wrote too many output files.`,
    );
  }
  const digest = own.sha256(hash("sha256", json));
  await blobs.upload({ hash: digest, size: json.length, path: json, what: "the result" }, signal);
  return { ...finish, resultRef: { hash: digest, size: json.length } };
}

export interface ErrorReport {
  readonly held: Held;
  /** Of a container that did run. */
  readonly end: MeteredEnd | undefined;
  readonly sentence: string;
  readonly log: LogEnd;
  readonly phases: PhaseTime[];
  /** Unknown when it ended before it had one. */
  readonly image?: ImageUsed | undefined;
}

export function errorFinish({ held: { job, attempt }, end, sentence, log, phases, image }: ErrorReport): Finish {
  const ran = end ? { StatusCode: end.statusCode, duration: end.durationMs, resources: end.resources } : {};
  return {
    job,
    attempt,
    reason: "Error",
    error: sentence,
    ...linesOf(log),
    result: {
      ...ran,
      ...logOf(log),
      error: sentence,
      isTimedOut: false,
      outputs: {},
      phases,
      ...(image ? { image } : {}),
    },
  };
}

function logOf({ logs, logSteps }: LogEnd): Pick<JobResult, "logs" | "logSteps"> {
  return { logs, ...(logSteps ? { logSteps } : {}) };
}

function linesOf({ logLines }: LogEnd): Pick<Finish, "logLines"> {
  return logLines === undefined ? {} : { logLines };
}
