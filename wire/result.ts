// What a job leaves behind: its result, and the finish that carries it.

import * as v from "valibot";
import { DataRef } from "./dataRef.ts";
import { Namespace, Sha256 } from "./ids.ts";
import { ResourceUse } from "./resources.ts";

/** `[text, epoch ms]` or `[text, epoch ms, isStdErr]`. One line, without its line end. */
export const ConsoleLogLine = v.union([
  // The longer one first: a tuple drops what it does not name.
  v.tuple([v.string(), v.number(), v.boolean()]),
  v.tuple([v.string(), v.number()]),
]);
export type ConsoleLogLine = v.InferOutput<typeof ConsoleLogLine>;

/** The kind of work a log line comes from. All but `Running` belong to the build. */
export const LogStep = v.picklist([
  "docker image pull",
  "cloning repo",
  "docker build",
  "docker image push",
  "Running",
]);
export type LogStep = v.InferOutput<typeof LogStep>;

/** The phases of a job's life at its agent, in their order. */
export const JobPhase = v.picklist(["inputs", "image", "run", "outputs"]);
export type JobPhase = v.InferOutput<typeof JobPhase>;

/** How far a phase is, for a bar: `done` never goes back and is at most `total`. */
export const Amount = v.object({
  done: v.pipe(v.number(), v.minValue(0)),
  total: v.pipe(v.number(), v.minValue(0)),
  unit: v.picklist(["bytes", "steps"]),
});
export type Amount = v.InferOutput<typeof Amount>;

/** How long a phase took: `start` in ms since the attempt began, `ms` its length. */
export const PhaseTime = v.object({ phase: JobPhase, start: v.number(), ms: v.number() });
export type PhaseTime = v.InferOutput<typeof PhaseTime>;

/** What ran: the engine's id of the image, and the registry's name for the same bytes if it has one (`repository@sha256:...`). */
export const ImageUsed = v.object({ id: v.string(), digest: v.optional(v.string()) });
export type ImageUsed = v.InferOutput<typeof ImageUsed>;

/**
 * The result of one run. `StatusCode` is the program's own verdict and absent when no container ended;
 * `duration` is the ms from the container's start until its end was seen; `outputs` maps a path below /outputs to a data ref.
 */
export const JobResult = v.object({
  StatusCode: v.optional(v.number()),
  logs: v.array(ConsoleLogLine),
  /** Where the lines of `logs` come from, in their order: a step and how many lines of it follow. Lines beyond are `Running`. */
  logSteps: v.optional(v.array(v.tuple([LogStep, v.pipe(v.number(), v.integer(), v.minValue(0))]))),
  duration: v.optional(v.number()),
  error: v.optional(v.string()),
  isTimedOut: v.boolean(),
  outputs: v.record(v.string(), DataRef),
  outputSizes: v.optional(v.record(v.string(), v.number())),
  phases: v.optional(v.array(PhaseTime)),
  image: v.optional(ImageUsed),
  resources: v.optional(ResourceUse),
});
export type JobResult = v.InferOutput<typeof JobResult>;

/** A result too large for a frame or a row: uploaded as the blob of that hash, `size` bytes of JSON. */
export const ResultRef = v.object({ hash: Sha256, size: v.number() });
export type ResultRef = v.InferOutput<typeof ResultRef>;

/** How a container's run may end, as its agent reports it. */
export const RunReason = v.picklist(["Success", "Error", "TimedOut"]);
export type RunReason = v.InferOutput<typeof RunReason>;

/** Every reason of a finished job. A container that exits non-zero has finished with Success and its StatusCode. */
export const FinishedReason = v.picklist([
  "Success",
  "Error",
  "TimedOut",
  "Cancelled",
  "JobReplacedByClient",
  "WorkerLost",
  "Deleted",
]);
export type FinishedReason = v.InferOutput<typeof FinishedReason>;

/** The `finished` part of a job, as `result.json` serves it. */
export const Finished = v.object({
  type: v.literal("Finished"),
  reason: FinishedReason,
  time: v.number(),
  message: v.optional(v.string()),
  worker: v.optional(v.string()),
  namespace: v.optional(Namespace),
  result: v.optional(JobResult),
});
export type Finished = v.InferOutput<typeof Finished>;
