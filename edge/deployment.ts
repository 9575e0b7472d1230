// What the routes need of the platform that they run on. Both shells provide it; the routes know neither.

import type { HistoryEntry } from "../wire/http.ts";
import type { JobId, Namespace, QueueName } from "../wire/ids.ts";
import type { Job, WorkerRegistration } from "../wire/job.ts";
import type { UrlRules } from "./outbound/urlRules.ts";
import type { CancelOutcome } from "./queue/cancel.ts";
import type { CounterValues } from "./queue/counters.ts";
import type { LogPlace, LogView } from "./queue/logView.ts";
import type { Submission, SubmitOutcome } from "./queue/submit.ts";
import type { BlobStore } from "./stores/blobStore.ts";
import type { BodySource } from "./stores/body.ts";

/** A finished job as result.json has it. With `ref`, the result itself is the blob of that hash, and `job` lacks it. */
export interface FinishedJob {
  readonly job: Job;
  readonly ref: { readonly hash: string; readonly size: number } | null;
  /** More of its log is kept than the result has. */
  readonly log: boolean;
}

/** Where a job's definition and result are read: a queue, or the archive behind the unscoped routes. */
export interface JobSource {
  /** Canonical JSON. */
  definition(id: JobId): Promise<string | undefined>;
  finished(id: JobId): Promise<FinishedJob | undefined>;
  /** The job's log from a place on; undefined for a job that is not known. */
  log(id: JobId, place: LogPlace): Promise<LogView | undefined>;
}

/** A listed job, and its place in its line while it waits for an agent that could run it. */
export type StatusJob = Job & { readonly place?: number };

export interface QueueStatus {
  readonly jobs: readonly (readonly [JobId, StatusJob])[];
  readonly workers: readonly (WorkerRegistration & { readonly running: readonly JobId[] })[];
  readonly clients: number;
}

/** What a queue counts as it goes. */
export interface QueueMetrics {
  readonly queued: number;
  readonly running: number;
  readonly finished: number;
  readonly agents: number;
  readonly slots: number;
  readonly slotsUsed: number;
  readonly clients: number;
  readonly webhooks: number;
  readonly counters: CounterValues;
}

export interface QueueAccess extends JobSource {
  /** Answers when the job is accepted for good, and its definition can be read everywhere. */
  submit(submission: Submission): Promise<SubmitOutcome>;
  cancel(id: JobId, namespace: Namespace | "*", message: string): Promise<CancelOutcome>;
  list(): Promise<readonly (readonly [JobId, Job])[]>;
  job(id: JobId): Promise<Job | undefined>;
  namespaces(id: JobId): Promise<readonly string[]>;
  history(id: JobId): Promise<readonly HistoryEntry[]>;
  metrics(): Promise<QueueMetrics>;
  status(): Promise<QueueStatus>;
  /** Opens a session that hears of this job, known or not: its states and its log, as frames of the client socket. */
  watch(id: JobId, sink: FrameSink): Promise<Watch>;
}

/** Where the frames of a session go that has no socket of its own. */
export interface FrameSink {
  frame(text: string): void;
  /** Nothing more comes. */
  closed(): void;
}

export interface Watch {
  close(): void;
}

/** Who sends a request, and what, as the shells pass it to the app. */
export interface Caller {
  /** A keyed hash of the address; null where nothing is limited by address. */
  readonly client: string | null;
  /** The name that trusted proxies were asked for, beside the one in `Host`. */
  readonly forwardedHost?: string;
  /** The body as the platform has it, where that is cheaper than the request's own. One of the two is read. */
  readonly body?: () => BodySource;
}

export interface Deployment {
  /** This deployment's own origins, the public one first. */
  readonly origins: readonly string[];
  readonly blobs: BlobStore;
  /** The largest body that this server takes itself, bytes. */
  readonly bodyBytesMax: number;
  readonly access: Access;
  /** Where webhooks may go. */
  readonly callbackRules: UrlRules;
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
