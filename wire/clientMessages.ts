// The frames of the client socket, `/q/:queue/client`: JSON text, `{type, payload}`. `PING` is answered `PONG`.
// Unknown types are ignored by both sides; the server never pushes anything that is not JSON.

import * as v from "valibot";
import { JobId, Namespace } from "./ids.ts";
import { Job, LogStep, WorkerRegistration } from "./job.ts";
import { ConsoleLogLine } from "./result.ts";

/** Webhook registration; `secret` signs it. */
const Callback = v.object({
  url: v.string(),
  payload: v.optional(v.unknown()),
  secret: v.optional(v.string()),
});

/** What is sent beside a definition and is not part of its id. */
export const Control = v.object({
  namespace: v.optional(Namespace),
  callbacks: v.optional(v.object({ queued: v.optional(Callback), finished: v.optional(Callback) })),
  maxDuration: v.optional(v.string()),
});
export type Control = v.InferOutput<typeof Control>;

/** A submission: over HTTP the body of POST /q/:queue, on a socket the `enqueued` of a Queued StateChange. */
export const Enqueue = v.object({
  id: v.optional(v.string()),
  definition: v.unknown(),
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
    message: v.optional(v.string()),
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
    payload: v.object({ jobId: JobId, step: LogStep, logs: v.array(ConsoleLogLine), first: v.optional(v.number()) }),
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
