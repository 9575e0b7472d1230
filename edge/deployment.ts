// What the routes need of the platform that they run on. Both shells provide it; the routes know neither.

import type { JobId, Namespace, QueueName } from "../wire/ids.ts";
import type { Job, WorkerRegistration } from "../wire/job.ts";
import type { CancelOutcome } from "./queue/cancel.ts";
import type { Submission, SubmitOutcome } from "./queue/submit.ts";
import type { BlobStore } from "./stores/blobStore.ts";

/** A finished job as result.json has it. With `ref`, the result itself is the blob of that hash, and `job` lacks it. */
export interface FinishedJob {
  readonly job: Job;
  readonly ref: { readonly hash: string; readonly size: number } | null;
}

/** Where a job's definition and result are read: a queue, or the archive behind the unscoped routes. */
export interface JobSource {
  /** Canonical JSON. */
  definition(id: JobId): Promise<string | undefined>;
  finished(id: JobId): Promise<FinishedJob | undefined>;
}

export interface QueueStatus {
  readonly jobs: readonly (readonly [JobId, Job])[];
  readonly workers: readonly (WorkerRegistration & { readonly running: readonly JobId[] })[];
  readonly clients: number;
}

export interface QueueAccess extends JobSource {
  /** Answers when the job is accepted for good, and its definition can be read everywhere. */
  submit(submission: Submission): Promise<SubmitOutcome>;
  cancel(id: JobId, namespace: Namespace | "*", message: string): Promise<CancelOutcome>;
  list(): Promise<readonly (readonly [JobId, Job])[]>;
  job(id: JobId): Promise<Job | undefined>;
  namespaces(id: JobId): Promise<readonly string[]>;
  status(): Promise<QueueStatus>;
}

export interface Deployment {
  /** This deployment's own origins, the public one first. */
  readonly origins: readonly string[];
  readonly blobs: BlobStore;
  /** The largest body that this server takes itself, bytes. */
  readonly bodyBytesMax: number;
  readonly access: Access;
  /** `/j/:id`: the oldest of any queue. */
  readonly archive: JobSource;
  queue(name: QueueName): QueueAccess;
  /** A file of the built page, or undefined. `path` begins with a slash. */
  page(path: string): Promise<Response | undefined>;
}

/** Who may talk to this server: the internet, or this machine and the origins that its owner admits. */
export type Access =
  | { readonly type: "public" }
  | { readonly type: "local"; readonly hosts: readonly string[]; readonly allowOrigins: readonly string[] };
