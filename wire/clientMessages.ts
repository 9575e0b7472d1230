// The frames of the client socket, `/q/:queue/client`: JSON text, `{type, payload}`. `PING` is answered `PONG`.
// Unknown types are ignored by both sides; the server never pushes anything that is not JSON.

import * as v from "valibot";
import { Duration } from "./definition.ts";
import { JobId, Namespace } from "./ids.ts";
import { Job, LogStep, WorkerRegistration } from "./job.ts";
import { shortTextCharsMax } from "./limits.ts";
import { ResourceLimits, ResourceSample } from "./resources.ts";
import { ConsoleLogLine } from "./result.ts";
import { Callback } from "./webhook.ts";

const shortText = v.pipe(v.string(), v.maxLength(shortTextCharsMax));
const callback = v.optional(v.nullable(Callback));

/** What is sent beside a definition and is not part of its id. */
export const Control = v.object({
  namespace: v.optional(v.nullable(Namespace)),
  callbacks: v.optional(v.nullable(v.object({ queued: callback, finished: callback }))),
  /** How long the job may run as far as this submission is concerned; a definition's own `maxDuration` is part of what runs. */
  maxDuration: v.optional(v.nullable(v.pipe(shortText, Duration))),
});
export type Control = v.InferOutput<typeof Control>;

/** A submission: over HTTP the body of POST /q/:queue, on a socket the `enqueued` of a Queued StateChange. */
export const Enqueue = v.object({
  id: v.optional(v.nullable(shortText)),
  definition: v.optional(v.unknown()),
  control: v.optional(v.nullable(Control)),
  debug: v.optional(v.nullable(v.boolean())),
});
export type Enqueue = v.InferOutput<typeof Enqueue>;

const queued = v.object({ state: v.literal("Queued"), value: v.object({ enqueued: Enqueue }) });
const finished = v.object({
  state: v.literal("Finished"),
  job: JobId,
  value: v.object({
    reason: v.picklist(["Cancelled", "Deleted"]),
    namespace: v.optional(v.nullable(v.union([v.literal("*"), Namespace]))),
    message: v.optional(v.nullable(shortText)),
  }),
});

/** Frames a client sends. Pages may submit, cancel and delete; no other change of state is theirs to make. */
export const ClientMessage = v.variant("type", [
  v.object({ type: v.literal("StateChange"), payload: v.variant("state", [queued, finished]) }),
  v.object({ type: v.literal("QueryJob"), payload: v.object({ jobId: JobId }) }),
  v.object({ type: v.literal("QueryJobStates") }),
]);
export type ClientMessage = v.InferOutput<typeof ClientMessage>;

const jobs = v.object({
  state: v.object({ jobs: v.record(v.string(), Job) }),
  isSubset: v.boolean(),
});

/** Frames a client gets. `Refused` is ours: why a submission or a change was not taken, with a retry time where one helps. */
export const ServerMessage = v.variant("type", [
  v.object({ type: v.literal("JobStates"), payload: jobs }),
  v.object({ type: v.literal("JobStateUpdates"), payload: jobs }),
  v.object({ type: v.literal("Workers"), payload: v.object({ workers: v.array(WorkerRegistration) }) }),
  v.object({
    type: v.literal("JobStatusPayload"),
    // Ours: `first` is the number of the first line over the whole job, `at` its number among the build's or the run's lines.
    payload: v.object({
      jobId: JobId,
      step: LogStep,
      logs: v.array(ConsoleLogLine),
      first: v.optional(v.number()),
      at: v.optional(v.number()),
    }),
  }),
  // Ours: what a running job uses, to who submitted or queried it, from the moment on in which they did.
  v.object({
    type: v.literal("JobResources"),
    payload: v.object({ jobId: JobId, limits: ResourceLimits, samples: v.array(ResourceSample) }),
  }),
  v.object({
    type: v.literal("Refused"),
    payload: v.object({
      jobId: v.optional(v.string()),
      code: v.string(),
      error: v.string(),
      retryAfterMs: v.optional(v.number()),
    }),
  }),
]);
export type ServerMessage = v.InferOutput<typeof ServerMessage>;

export const pingText = "PING";
export const pongText = "PONG";
