// The control plane's sizes, times and counts, each with its reason. What both sides must agree on is in wire/limits.ts.

import type { AgentId } from "../wire/ids.ts";
import { leaseMs } from "../wire/limits.ts";

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
  readonly reconnectMs: number;
  /** Every lease, after a start or a gap in which the queue itself did not run. */
  readonly graceMs: number;
  /** A result other than exit 0 answers identical submissions for this long. */
  readonly failureCacheMs: number;
  readonly finishedListMs: number;
  readonly finishedListMax: number;
  readonly resultKeepMs: number;
  readonly waitingJobsMax: number;
  readonly waitingBytesMax: number;
}

export const defaultQueueSettings: QueueSettings = {
  publish: "rows",
  cacheScope: "queue",
  origins: [],
  admits: "any",
  leaseMs,
  reconnectMs: 15_000,
  graceMs: 30_000,
  failureCacheMs: minuteMs,
  finishedListMs: dayMs,
  finishedListMax: 1000,
  resultKeepMs: 28 * dayMs,
  waitingJobsMax: 10_000,
  waitingBytesMax: 256 * 1024 * 1024,
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
/** Unsealed log lines kept for those who join while a job runs, bytes of JSON for one job. */
export const liveLogBytesMax = 1024 * 1024;
/** A durable effect that failed is tried again after this, doubling to the cap. */
export const effectRetryMs = 1_000;
export const effectRetryMsMax = 5 * minuteMs;
/** Retention is looked at this often. */
export const sweepEveryMs = 10 * minuteMs;
/** Rows looked at in one sweep: a turn stays short, the rest waits for the next. */
export const sweepRowsMax = 1000;
/** Distinct resource demands looked at in one line before the rest must wait for the next turn. */
export const shapesMax = 64;

/** A signed URL serves one request that follows at once. */
export const signedUrlSeconds = 15 * 60;
/** `exists` is false for an older blob, so that it is written again before a fresh result relies on it. */
export const blobFreshMs = 28 * dayMs;
/** Cloudflare refuses request bodies of 100 MB and more. */
export const workerBodyBytesMax = 95 * 1000 * 1000;
/** S3's own limit for a single PUT. */
export const blobBytesMax = 5 * 1024 ** 3;
/** A socket that has not taken this much is not reading: it is closed, and its owner reconnects and catches up. */
export const socketBufferBytesMax = 16 * 1024 * 1024;
/** Ctrl-C: open requests get this long. */
export const shutdownMs = 1_500;
/** A client's socket that has not answered a ping for this long is gone. */
export const socketPingEveryMs = 20_000;
