// The frames of our agents' socket, `/q/:queue/agent`. An agent says hello, is welcomed with the queue's revision, and from
// then on tells what it holds and has finished (`sync`); the queue answers with orders. Orders and syncs are level-triggered
// and idempotent: any of them may be lost or repeated.

import * as v from "valibot";
import { AgentId, Attempt, JobId, Sha256 } from "./ids.ts";
import {
  blobPartsMax,
  logLineNumberMax,
  logPieceBytesMax,
  partUrlsMax,
  resourceSamplesMax,
  shortTextCharsMax,
} from "./limits.ts";
import { ResourceLimits, ResourceSample } from "./resources.ts";
import { Amount, ConsoleLogLine, JobPhase, JobResult, LogStep, ResultRef, RunReason } from "./result.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const lineNumber = v.pipe(count, v.maxValue(logLineNumberMax));
const text = v.pipe(v.string(), v.maxLength(shortTextCharsMax));

/** What an agent has for this queue at most, jobs that it already runs for it included. */
export const Offer = v.object({
  slots: v.pipe(count, v.maxValue(10_000)),
  cpus: v.pipe(v.number(), v.minValue(0)),
  memoryBytes: count,
  gpus: count,
  tags: v.array(text),
  maxDurationMs: count,
  /** Why it takes no jobs now, as a sentence for a person. */
  note: v.optional(text),
});
export type Offer = v.InferOutput<typeof Offer>;

/** One execution of one job. */
export const Held = v.object({ job: JobId, attempt: Attempt });
export type Held = v.InferOutput<typeof Held>;

/** The end of an attempt. A result above `resultInlineBytesMax` is uploaded first and named by `resultRef`. */
export const Finish = v.object({
  job: JobId,
  attempt: Attempt,
  reason: RunReason,
  statusCode: v.optional(v.number()),
  error: v.optional(v.string()),
  result: v.optional(JobResult),
  resultRef: v.optional(ResultRef),
  /** The number of the attempt's log lines, sent only if the result's `logs` has every one of them, uncut. */
  logLines: v.optional(lineNumber),
});
export type Finish = v.InferOutput<typeof Finish>;

/** Once the blob `hash` is stored: a `LogPiece` (logPiece.ts) of `size` bytes with `count` lines from `first` on, the number over the attempt. */
export const SealedPiece = v.object({
  first: lineNumber,
  count: v.pipe(lineNumber, v.minValue(1)),
  /** How many of the `count` lines are the build's. */
  build: count,
  hash: Sha256,
  size: v.pipe(count, v.maxValue(logPieceBytesMax)),
});
export type SealedPiece = v.InferOutput<typeof SealedPiece>;

/**
 * A step of uploading one large blob in parts. Each holds all that it needs, so any may be repeated, on a later connection too.
 * `request` comes back with its answer.
 */
export const UploadRequest = v.object({
  type: v.literal("upload"),
  request: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  hash: Sha256,
  size: v.pipe(count, v.minValue(1)),
  step: v.variant("do", [
    v.object({ do: v.literal("begin") }),
    /** Addresses for `count` parts from number `first` (the first of all is 1). */
    v.object({
      do: v.literal("sign"),
      upload: text,
      first: v.pipe(count, v.minValue(1), v.maxValue(blobPartsMax)),
      count: v.pipe(count, v.minValue(1), v.maxValue(partUrlsMax)),
    }),
    /** What the store answered to each part, in their order. */
    v.object({ do: v.literal("complete"), upload: text, etags: v.pipe(v.array(text), v.maxLength(blobPartsMax)) }),
    v.object({ do: v.literal("abort"), upload: text }),
  ]),
});
export type UploadRequest = v.InferOutput<typeof UploadRequest>;

/** Agent to edge. `boot` changes with each start of the agent's process; `secret` is what its id is the hash of. */
export const AgentMessage = v.variant("type", [
  v.object({
    type: v.literal("hello"),
    protocol: v.number(),
    secret: v.pipe(v.string(), v.minLength(32), v.maxLength(256)),
    key: v.optional(v.pipe(v.string(), v.maxLength(256))),
    boot: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
    name: v.optional(text),
    version: text,
    offer: Offer,
  }),
  v.object({
    type: v.literal("sync"),
    revision: count,
    holds: v.array(Held),
    finished: v.array(Finish),
    declined: v.array(v.object({ ...Held.entries, why: text })),
    offer: v.optional(Offer),
  }),
  v.object({
    type: v.literal("progress"),
    ...Held.entries,
    phase: JobPhase,
    message: v.optional(text),
    amount: v.optional(Amount),
  }),
  // Optional: what the running container uses, for who watches the job. Nothing of it is kept.
  v.object({
    type: v.literal("resources"),
    ...Held.entries,
    limits: ResourceLimits,
    samples: v.pipe(v.array(ResourceSample), v.minLength(1), v.maxLength(resourceSamplesMax)),
  }),
  v.object({
    type: v.literal("logs"),
    ...Held.entries,
    step: LogStep,
    /** The number of the first of `lines` over the whole attempt. */
    first: lineNumber,
    lines: v.array(ConsoleLogLine),
  }),
  // Optional. Pieces come in the order of their lines.
  v.object({ type: v.literal("sealed"), ...Held.entries, ...SealedPiece.entries }),
  UploadRequest,
]);
export type AgentMessage = v.InferOutput<typeof AgentMessage>;

/** A job to start. `definition` is the canonical form. */
export const Start = v.object({ ...Held.entries, definition: v.unknown() });
export type Start = v.InferOutput<typeof Start>;

/** The answer to a finish; any of the three ends its spool entry. */
export const FinishAnswer = v.object({
  ...Held.entries,
  outcome: v.picklist(["accepted", "already", "refused"]),
  why: v.optional(v.string()),
});
export type FinishAnswer = v.InferOutput<typeof FinishAnswer>;

/** Why a held attempt is no longer wanted. */
export const StopReason = v.picklist(["Cancelled", "JobReplacedByClient", "Deleted", "Superseded"]);
export type StopReason = v.InferOutput<typeof StopReason>;

/** What came of a step. All parts but the last have `partBytes`; whoever begins again gets another `upload`. */
export const UploadAnswer = v.object({
  type: v.literal("upload"),
  request: v.string(),
  answer: v.variant("is", [
    v.object({ is: v.literal("begun"), upload: text, partBytes: v.pipe(count, v.minValue(1)) }),
    v.object({ is: v.literal("signed"), urls: v.array(v.pipe(v.string(), v.url())) }),
    /** The blob is there, whoever wrote it. */
    v.object({ is: v.literal("stored") }),
    /** This store takes blobs whole: PUT /f/:key. */
    v.object({ is: v.literal("whole") }),
    v.object({ is: v.literal("aborted") }),
    /** `again`: the same request may succeed later. */
    v.object({ is: v.literal("refused"), error: v.string(), again: v.boolean() }),
  ]),
});
export type UploadAnswer = v.InferOutput<typeof UploadAnswer>;

/** Edge to agent. `origins` are this deployment's own addresses, the public one first. */
export const AgentOrders = v.variant("type", [
  v.object({
    type: v.literal("welcome"),
    protocol: v.number(),
    agent: AgentId,
    queue: v.string(),
    revision: count,
    origins: v.array(v.string()),
  }),
  v.object({
    type: v.literal("orders"),
    revision: count,
    start: v.array(Start),
    stop: v.array(v.object({ ...Held.entries, reason: StopReason })),
    answered: v.array(FinishAnswer),
  }),
  v.object({ type: v.literal("refused"), code: v.string(), error: v.string() }),
  UploadAnswer,
]);
export type AgentOrders = v.InferOutput<typeof AgentOrders>;

/** Close codes of the agents' socket: 4001 a newer session of the same agent has taken over, stay away; 4002 refused. */
export const closeReplaced = 4001;
export const closeRefused = 4002;
