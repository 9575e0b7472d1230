// Bodies and addresses of the HTTP API, for whoever serves or calls it.

import * as v from "valibot";
import type { JobId } from "./ids.ts";
import { Job, JobState, WorkerRegistration } from "./job.ts";
import { ConsoleLogLine, FinishedReason } from "./result.ts";

/** What a submission answers: `state` and, for a cache hit, the finished job are ours. */
export const SubmitAnswer = v.object({
  success: v.literal(true),
  jobId: v.string(),
  state: v.optional(JobState),
  result: v.optional(Job),
});
export type SubmitAnswer = v.InferOutput<typeof SubmitAnswer>;

export const ErrorBody = v.object({ error: v.string() });
export type ErrorBody = v.InferOutput<typeof ErrorBody>;

export const JobList = v.object({ data: v.record(v.string(), Job) });
export const ResultAnswer = v.object({ data: v.nullable(Job) });
export const DefinitionAnswer = v.object({ data: v.nullable(v.unknown()) });
export const NamespacesAnswer = v.object({ data: v.array(v.string()) });

/** What a queue still knows of the newest run of a job: when it was queued, started and ended. */
export const HistoryEntry = v.object({
  state: JobState,
  time: v.number(),
  worker: v.optional(v.string()),
  reason: v.optional(FinishedReason),
});
export type HistoryEntry = v.InferOutput<typeof HistoryEntry>;
export const HistoryAnswer = v.object({ data: v.array(HistoryEntry) });

/** What a cancel answers: done, or why there was nothing to do. */
export const CancelAnswer = v.union([
  v.object({ success: v.literal(true), jobId: v.string(), namespace: v.string() }),
  v.object({ message: v.string() }),
]);

/** Where to put a blob's bytes, or get them, and the data ref that stands for them. */
export const UploadAnswer = v.object({
  url: v.string(),
  ref: v.object({ value: v.string(), type: v.picklist(["key", "url"]) }),
});
/** A blob that was stored. */
export const UploadedAnswer = v.object({ success: v.literal(true), key: v.string() });
/** `upload`: asked with `?length=`, where the store itself takes bytes of that length and the hash that the key names. */
export const ExistsAnswer = v.object({ exists: v.boolean(), upload: v.optional(v.string()) });
export type ExistsAnswer = v.InferOutput<typeof ExistsAnswer>;
/** Lines of a job's build or run from `sliceStart` on, which is above `since` where earlier ones are not kept. `since=<nextCursor>`
 * continues; with `isFinal` nothing follows. */
export const LogAnswer = v.object({
  data: v.array(ConsoleLogLine),
  sliceStart: v.number(),
  nextCursor: v.number(),
  isFinal: v.boolean(),
});
export type LogAnswer = v.InferOutput<typeof LogAnswer>;
/**
 * A queue's state. All agents are `localWorkers`: a queue is one server. `waiting` says why a job waits, `place` is its place
 * in its line (one for the default namespace, one for all named ones), which jobs that no connected agent could run have not.
 */
export const StatusAnswer = v.object({
  jobs: v.record(
    v.string(),
    v.object({
      state: JobState,
      finishedReason: v.optional(FinishedReason),
      waiting: v.optional(v.string()),
      place: v.optional(v.number()),
    }),
  ),
  otherServers: v.record(v.string(), v.unknown()),
  localWorkers: v.record(
    v.string(),
    v.object({
      ...WorkerRegistration.entries,
      queue: v.record(v.string(), v.object({ jobId: v.string(), finished: v.boolean() })),
    }),
  ),
  clientCount: v.number(),
  queueInfo: v.object({
    address: v.string(),
    serverId: v.string(),
    broadcastChannel: v.picklist(["redis", "in-isolate"]),
    jobCount: v.number(),
    localWorkerCount: v.number(),
    otherWorkerCount: v.number(),
    clientCount: v.number(),
    jobStates: v.array(v.object({ id: v.string(), state: JobState, worker: v.string() })),
  }),
});
export type StatusAnswer = v.InferOutput<typeof StatusAnswer>;

const segment = encodeURIComponent;
const tail = (path: string) => path.split("/").map(segment).join("/");

/** Paths below an API origin. Names are encoded here and nowhere else. */
export const paths = {
  health: () => "/healthz",
  blob: (key: string) => `/f/${segment(key)}`,
  queue: (queue: string) => `/q/${segment(queue)}`,
  client: (queue: string) => `/q/${segment(queue)}/client`,
  agent: (queue: string) => `/q/${segment(queue)}/agent`,
  status: (queue: string) => `/q/${segment(queue)}/status`,
  job: (queue: string, id: JobId) => `/q/${segment(queue)}/j/${id}`,
  result: (queue: string, id: JobId) => `/q/${segment(queue)}/j/${id}/result.json`,
  definition: (queue: string, id: JobId) => `/q/${segment(queue)}/j/${id}/definition.json`,
  cancel: (queue: string, id: JobId) => `/q/${segment(queue)}/j/${id}/cancel`,
  input: (queue: string, id: JobId, name: string) => `/q/${segment(queue)}/j/${id}/inputs/${tail(name)}`,
  output: (queue: string, id: JobId, name: string) => `/q/${segment(queue)}/j/${id}/outputs/${tail(name)}`,
  logs: (queue: string, id: JobId, kind: "build" | "run", since = 0) =>
    `/q/${segment(queue)}/j/${id}/${kind}-logs.json?since=${since}`,
  stream: (queue: string, id: JobId) => `/q/${segment(queue)}/j/${id}/stream`,
  publicJob: (id: JobId) => `/j/${id}`,
} as const;

/** The header that carries an upload's SHA-256, base64, as S3 reads it; with Content-Length it lets the edge sign a redirect. */
export const checksumHeader = "x-amz-checksum-sha256";
