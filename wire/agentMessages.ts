// The frames of our agents' socket, `/q/:queue/agent`. An agent says hello, is welcomed with the queue's revision, and from
// then on tells what it holds and has finished (`sync`); the queue answers with orders. Orders and syncs are level-triggered
// and idempotent: any of them may be lost or repeated.

import * as v from "valibot";
import { AgentId, Attempt, JobId } from "./ids.ts";
import { LogStep } from "./job.ts";
import { shortTextCharsMax } from "./limits.ts";
import { ConsoleLogLine, JobPhase, JobResult, ResultRef, RunReason } from "./result.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(shortTextCharsMax));

/** What an agent has for this queue at most, jobs that it already runs for it included. */
export const Offer = v.object({
  slots: v.pipe(count, v.maxValue(10_000)),
  cpus: v.pipe(v.number(), v.minValue(0)),
  memoryBytes: count,
  gpus: count,
  tags: v.array(text),
  maxDurationMs: count,
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
});
export type Finish = v.InferOutput<typeof Finish>;

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
  v.object({ type: v.literal("progress"), ...Held.entries, phase: JobPhase, message: v.optional(text) }),
  v.object({
    type: v.literal("logs"),
    ...Held.entries,
    step: LogStep,
    /** The number of the first of `lines` over the whole attempt. */
    first: count,
    lines: v.array(ConsoleLogLine),
  }),
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
]);
export type AgentOrders = v.InferOutput<typeof AgentOrders>;

/** Close codes of the agents' socket: 4001 a newer session of the same agent has taken over, stay away; 4002 refused. */
export const closeReplaced = 4001;
export const closeRefused = 4002;
