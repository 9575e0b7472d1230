// A job as queues list it and sockets announce it (the peer's InMemoryDockerJob, with a few fields of ours).

import * as v from "valibot";
import { Requirements } from "./definition.ts";
import { Amount, Finished, FinishedReason, JobPhase } from "./result.ts";

export const JobState = v.picklist(["Queued", "Running", "Finished", "Removed"]);
export type JobState = v.InferOutput<typeof JobState>;

/** What a running job is doing: `since` is the edge's epoch ms, `message` a line for a person. */
export const Progress = v.object({
  phase: JobPhase,
  since: v.number(),
  message: v.optional(v.string()),
  amount: v.optional(Amount),
});
export type Progress = v.InferOutput<typeof Progress>;

/**
 * `queuedTime` and `time` (of the last change of state) are epoch ms of the edge's clock; `worker` is the agent's id or "".
 * Ours beyond the peer: `progress` while running, `statusCode` once finished, `waiting` says why a queued job waits.
 */
export const Job = v.object({
  queuedTime: v.number(),
  state: JobState,
  time: v.number(),
  worker: v.string(),
  debug: v.optional(v.boolean()),
  namespaces: v.optional(v.array(v.string())),
  requirements: v.optional(Requirements),
  tags: v.optional(v.array(v.string())),
  finishedReason: v.optional(FinishedReason),
  finished: v.optional(Finished),
  progress: v.optional(Progress),
  statusCode: v.optional(v.number()),
  waiting: v.optional(v.string()),
});
export type Job = v.InferOutput<typeof Job>;

/** One agent as clients see it; `cpus` is the number of jobs it runs at a time. */
export const WorkerRegistration = v.object({
  time: v.number(),
  version: v.string(),
  id: v.string(),
  cpus: v.number(),
  gpus: v.number(),
  maxJobDuration: v.string(),
  name: v.optional(v.string()),
  /** Ours: why it takes no jobs now. */
  note: v.optional(v.string()),
});
export type WorkerRegistration = v.InferOutput<typeof WorkerRegistration>;

export { LogStep } from "./result.ts";
