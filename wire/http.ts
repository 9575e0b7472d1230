// Bodies and addresses of the HTTP API, for whoever serves or calls it.

import * as v from "valibot";
import type { JobId } from "./ids.ts";
import { Job, JobState, WorkerRegistration } from "./job.ts";

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
export const ExistsAnswer = v.object({ exists: v.boolean() });
export const StatusAnswer = v.object({
  jobs: v.record(
    v.string(),
    v.object({ state: JobState, finishedReason: v.optional(v.string()), waiting: v.optional(v.string()) }),
  ),
  localWorkers: v.record(
    v.string(),
    v.object({ ...WorkerRegistration.entries, queue: v.record(v.string(), v.unknown()) }),
  ),
  clientCount: v.number(),
});

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
  publicJob: (id: JobId) => `/j/${id}`,
} as const;

/** The header that carries an upload's SHA-256, base64, as S3 reads it; with Content-Length it lets the edge sign a redirect. */
export const checksumHeader = "x-amz-checksum-sha256";
