// The control plane's sizes, times and counts, each with its reason. What both sides must agree on is in wire/limits.ts.

import type { AgentId } from "../wire/ids.ts";
import { comeBackMs, leaseMs } from "../wire/limits.ts";
import type { UrlRules } from "./outbound/urlRules.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** What an operator may set; the defaults are DESIGN's. */
export interface QueueSettings {
  /** `rows`: results and definitions live in the database. `objects`: they are published to the store. */
  readonly publish: "rows" | "objects";
  /** `deployment`: a result of any queue answers; only for an operator who owns every agent. */
  readonly cacheScope: "queue" | "deployment";
  /** This deployment's own addresses, the public one first. */
  readonly origins: readonly string[];
  /** Agents that may serve queues whose name demands no key. */
  readonly admits: "any" | readonly AgentId[];
  readonly leaseMs: number;
  /** A closed socket leaves its agent this long to come back. */
  readonly comeBackMs: number;
  /** Every lease, after a start or a gap in which the queue itself did not run. */
  readonly graceMs: number;
  /** A result other than exit 0 answers identical submissions for this long. */
  readonly failureCacheMs: number;
  readonly finishedListMs: number;
  readonly finishedListMax: number;
  readonly resultKeepMs: number;
  /** What is kept of a log beside `result.logs`, after the job's end. */
  readonly logKeepMs: number;
  readonly waitingJobsMax: number;
  /** Namespaces of one job: each is a row, and all are in every message about it. */
  readonly namespacesMax: number;
  /** Webhooks that wait to be delivered. */
  readonly callsWaitingMax: number;
  /** Where webhooks may go. */
  readonly callbackRules: UrlRules;
  readonly waitingBytesMax: number;
  /** One client, a socket or an address, may submit this fast: a person's scripts and sweeps never come near the default. */
  readonly submissionsPerSecond: number;
}

export const defaultQueueSettings: QueueSettings = {
  publish: "rows",
  cacheScope: "queue",
  origins: [],
  admits: "any",
  leaseMs,
  comeBackMs,
  graceMs: 30_000,
  failureCacheMs: minuteMs,
  finishedListMs: dayMs,
  finishedListMax: 1000,
  resultKeepMs: 28 * dayMs,
  logKeepMs: 7 * dayMs,
  waitingJobsMax: 10_000,
  namespacesMax: 1000,
  callsWaitingMax: 10_000,
  callbackRules: { literals: "checked", allowRanges: [], ownHosts: [] },
  waitingBytesMax: 256 * 1024 * 1024,
  submissionsPerSecond: 200,
};

/** Lateness of the alarm that means the queue itself did not run (a slept laptop, a stopped process). */
export const gapMs = 5_000;
/** A job whose agents were lost this often finishes with an error. */
export const lossesMax = 3;
/** After `declined`, the agent gets nothing for this long unless its offer changes: no ping-pong. */
export const declinedPauseMs = 1_000;
/** Namespaces: an older job ends at once below the first age, after the first delay below the second, else after the second. */
export const replaceYoungMs = 20_000;
export const replaceMiddleMs = 60_000;
export const replaceDelayMiddleMs = 4_000;
export const replaceDelayOldMs = 8_000;
/** Below this rate changes leave at once, beyond it they are gathered for `broadcastEveryMs`. */
export const broadcastFramesPerSecond = 20;
export const broadcastEveryMs = 250;
/** A job that could run on a connected agent and has waited this long at the head of its line reserves one. */
export const reserveAfterMs = 30_000;
/** Jobs of a snapshot in one frame; the rest follow in updates. */
export const snapshotJobsPerFrame = 1000;
/** Finished jobs in a snapshot: what a person might still look for. */
export const snapshotFinishedMax = 100;
/** Jobs whose live logs one client's socket gets, the newest win; bounds a Durable Object's socket attachment (16 KiB). */
export const watchedJobsMax = 100;
/** One line of a log: twice what our agent sends, and short enough for a row however it is written in JSON. */
export const logLineCharsMax = 64 * 1024;
/** Log lines in one row, characters of JSON: a Durable Object's row has at most 2 MB, and a character up to three bytes. */
export const logRowCharsMax = 512 * 1024;
/** What a row of log lines takes besides its lines: many short ones are not free. */
export const logRowOverheadBytes = 128;
/** Pieces of one job's log: what its cap of 256 MiB makes if every line of it is empty, which is 24 bytes of JSON each. */
export const logPiecesMax = 3072;
/** Lines in one answer (as many as the peer keeps), and about their bytes: a page reads on with the cursor. */
export const logAnswerLinesMax = 10_000;
export const logAnswerBytesMax = 1024 * 1024;
/** A line's brackets, time and flag in JSON. */
export const logLineOverheadBytes = 24;
/** A stream of a job's events says something that often, so that no proxy takes it for dead. */
export const streamHeartbeatMs = 15_000;
/** A stream ends after this long; its reader connects again. */
export const streamMsMax = 30 * minuteMs;
/** How soon a reader whose stream has ended should be back. */
export const streamRetryMs = 1_000;
/** Frames that wait for a stream's reader; beyond it they are dropped, and what they said is read again from the queue. */
export const streamBufferBytesMax = 1024 * 1024;
/** A reader that takes nothing for this long is dropped. */
export const streamStallMs = minuteMs;
/** A socket's submission waits for no answer: its definition is stored with its result, or alone if that takes longer. */
export const definitionStoreMs = 3_000;
/** Definitions and results that one queue writes to its bucket at a time: a Worker has six connections. */
export const publishAtOnce = 6;
/** A durable effect that failed is tried again after this, doubling to the cap. */
export const effectRetryMs = 1_000;
export const effectRetryMsMax = 5 * minuteMs;
/** Retention is looked at this often. */
export const sweepEveryMs = 10 * minuteMs;
/** Rows looked at in one sweep: a turn stays short, the rest waits for the next, which is soon. */
export const sweepRowsMax = 1000;
export const sweepAgainMs = 250;
/** Distinct resource demands looked at in one line before the rest must wait for the next turn. */
export const shapesMax = 64;
/** Waiting jobs of one shape that are read at a time: a round of assignments seldom needs more. */
export const waitingReadAheadMax = 64;

/** A client that has rested may submit at once what it may in this time, such as a sweep of parameters. */
export const submissionsBurstMs = 5_000;
/** The part of a queue's waiting places that one address may take. */
export const clientShare = 0.1;
/** Clients whose rate is remembered before those at rest are forgotten. */
export const rateClientsMax = 10_000;
/** When a client that was refused for a full queue should come again: some of its jobs have ended by then. */
export const fullRetryMs = 5_000;
/** Upper ends of the histograms of waiting and running times, from a cached image's 100 ms to the hours of a long job. */
export const durationBucketsMs = [100, 500, 1_000, 5_000, 15_000, minuteMs, 300_000, 900_000, 3_600_000] as const;

/** A webhook's receiver has this long for each hop: it should take the message and work later. */
export const callTimeoutMs = 10_000;
/** Redirects that a webhook follows: a moved receiver, not a chain. */
export const callRedirectsMax = 3;
/** A call on which its shell has not reported by then is sent again: longer than all its hops. */
export const callLeaseMs = 60_000;
/** A failed webhook is tried again after a random time below this, doubling to the cap, until it is a day old. */
export const callRetryMs = 5_000;
export const callRetryMsMax = 60 * minuteMs;
export const callGiveUpMs = dayMs;
/** Webhooks of one queue under way at a time: a slow receiver ties up no more. */
export const callsInFlightMax = 16;

/** A signed URL serves one request that follows at once. */
export const signedUrlSeconds = 15 * 60;
/** `exists` is false for an older blob, so that it is written again before a fresh result relies on it. */
export const blobFreshMs = 28 * dayMs;
/** Cloudflare refuses request bodies of 100 MB and more. */
export const workerBodyBytesMax = 95 * 1000 * 1000;
/** S3's own limit for a single PUT. */
export const blobBytesMax = 5 * 1024 ** 3;
/** Blobs go this long after they were last written: twice as long as a result may rely on them. */
export const blobKeepMs = 56 * dayMs;
/** In a bucket, bodies that are not checked yet and uploads in parts that nobody completed: a day is its shortest time. */
export const temporaryKeepDays = 1;
/** A browser need not ask again whether it may use a signed address. */
export const corsAgeSeconds = 3_600;
/** Bodies that the edge sends on to S3: small ones are gathered and checked in memory, larger ones go by a temporary object. */
export const gatheredBytesMax = 4 * 1024 * 1024;
/** A body that brings nothing for this long has lost its sender. */
export const uploadSilenceMs = minuteMs;
/** A whole request: the largest blob over a line of 2 Mbit/s. Node's own limit of 5 minutes would end large uploads. */
export const requestMsMax = 6 * 60 * minuteMs;
/** A request to S3 that finds the store failing is sent again: after up to twice this, then up to four times. */
export const storeAttempts = 3;
export const storeRetryMs = 50;
/** What S3 is asked has at most a few megabytes: a store that is silent for longer is lost, and the request has failed. */
export const storeAnswerMs = 30_000;
/** Putting the parts of a large blob together takes stores minutes. */
export const storeAssemblyMs = 10 * minuteMs;
/** The folder store writes this much at a time, and reads it: fewer calls, little memory. */
export const folderChunkBytes = 512 * 1024;
/** A file is sent through two buffers of this size. */
export const sentChunkBytes = 256 * 1024;
/** What of a body may wait for whoever reads it: telling a connection to stop and to go on for each chunk costs more than hashing it. */
export const bodyAheadBytes = 512 * 1024;
/** It asks the disk to flush whenever this much has been written. */
export const folderFlushBytes = 32 * 1024 * 1024;
/** One of the folder store's 256 subfolders is looked through that often: all of them in 16 hours. */
export const blobSweepEveryMs = 225_000;
/** Files looked at before other work gets its turn. */
export const blobSweepBatch = 64;
/** Parts of a large blob: a broken connection costs one of them; R2 wants all but the last of one size. */
export const partBytesMin = 64 * 1024 * 1024;
/** Uploads in parts that one agent's socket may have open: more than any job's outputs at once. */
export const openUploadsMax = 64;
/** A socket that has not taken this much is not reading: it is closed, and its owner reconnects and catches up. */
export const socketBufferBytesMax = 16 * 1024 * 1024;
/** Ctrl-C: open requests get this long. */
export const shutdownMs = 1_500;
/** A client's socket that has not answered a ping for this long is gone. */
export const socketPingEveryMs = 20_000;
/** Pages of 4 KiB in SQLite's write-ahead log before they are taken into the database: a page that changes often is written there seldom. */
export const walPagesMax = 4_000;
