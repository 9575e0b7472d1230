// A submission: joins the same job that is under way, is answered by a result that is still fresh, or begins a new run.

import type { CheckedDefinition } from "../../wire/definition.ts";
import type { JobId, Namespace } from "../../wire/ids.ts";
import type { Job } from "../../wire/job.ts";
import { clientShare, fullRetryMs } from "../limits.ts";
import { awaitEnd, type Callbacks, callEnd, callQueued } from "./callbacks.ts";
import { shapeOf } from "./capacity.ts";
import type { JobRow } from "./jobRow.ts";
import { announceJob, isActive, readJob, writeJob } from "./jobs.ts";
import { dropLog } from "./logEnd.ts";
import { joinNamespace, lineOf, replaceOthers, withNamespace } from "./namespaces.ts";
import { setPatience } from "./patience.ts";
import { isOwed, owe } from "./publish.ts";
import { finishedOf, readResult, resultOfRow, type StoredResult, writeResult } from "./results.ts";
import type { Turn } from "./turn.ts";

export interface Submission {
  readonly checked: CheckedDefinition;
  readonly namespace: Namespace;
  readonly debug: boolean;
  /** A keyed hash of the address that it came from; null where nothing is limited by address. */
  readonly client?: string | null;
  readonly callbacks?: Callbacks;
  /** How long the job may run for this namespace, if its submission says. */
  readonly patienceMs?: number | null;
}

export type SubmitOutcome =
  | { readonly type: "taken"; readonly id: JobId; readonly job: Job; readonly cached: boolean }
  | ({ readonly type: "refused"; readonly id: JobId } & Backpressure);

/** Why nothing more is taken for now: too fast, one address has its share, or the queue is full. */
export interface Backpressure {
  readonly code: "rate" | "share" | "full";
  readonly error: string;
  readonly retryAfterMs: number;
}

/** Where definitions are objects, this one's is stored within `storeInMs`; 0 is for an answer that waits for it. */
export function submit(turn: Turn, submission: Submission, storeInMs = 0): SubmitOutcome {
  const { checked, namespace, callbacks = {}, patienceMs = null } = submission;
  const { id } = checked;
  const before = readJob(turn, id);
  if (callbacks.finished ?? callbacks.queued) {
    if (turn.state.calls >= turn.settings.callsWaitingMax) {
      return { type: "refused", id, ...refused("full", "Too many webhooks of this queue wait") };
    }
  }
  const { namespacesMax } = turn.settings;
  if (before && withNamespace(before.namespaces, namespace).length > namespacesMax) {
    const why = `This job is wanted in ${namespacesMax} namespaces, and no job may be in more`;
    return { type: "refused", id, ...refused("full", why) };
  }
  if (before && isActive(before)) {
    turn.counters.add("submitted.joined");
    if (callbacks.finished) awaitEnd(turn, id, namespace, callbacks.finished);
    const joined = joinNamespace(turn, before, namespace);
    setPatience(turn, joined, namespace, patienceMs);
    const job = announceJob(turn, joined);
    replaceOthers(turn, id, namespace);
    if (storeInMs === 0 && isOwed(turn, id, "definition")) owe(turn, id, "definition");
    return { type: "taken", id, job, cached: false };
  }
  const cached = freshResult(turn, id);
  const full = cached ? undefined : fullness(turn, submission);
  if (full) return { type: "refused", id, ...full };
  const job = cached
    ? writeJob(turn, before, answered(turn, before, submission, cached))
    : writeJob(turn, before, queued(turn, before, submission));
  if (cached) {
    const { reason, statusCode } = cached;
    turn.counters.add("submitted.cached");
    if (callbacks.finished) callEnd(turn, id, namespace, callbacks.finished, { reason, statusCode, cached: true });
  } else {
    turn.counters.add("submitted.queued");
    if (callbacks.queued) callQueued(turn, id, namespace, callbacks.queued);
    if (callbacks.finished) awaitEnd(turn, id, namespace, callbacks.finished);
    keepDefinition(turn, checked, storeInMs);
    dropLog(turn, id);
    // Of an earlier run there is none any more.
    if (patienceMs !== null) setPatience(turn, job, namespace, patienceMs);
    turn.assignable = true;
  }
  const shown = announceJob(turn, job);
  replaceOthers(turn, id, namespace);
  return { type: "taken", id, job: cached ? { ...shown, finished: finishedOf(cached) } : shown, cached: !!cached };
}

function queued(turn: Turn, before: JobRow | undefined, submission: Submission): JobRow {
  const { checked, namespace, debug, client = null } = submission;
  const { id, canonical, definition } = checked;
  turn.state.seq += 1;
  return {
    id,
    state: "Queued",
    reason: null,
    queuedAt: turn.now,
    changedAt: turn.now,
    seq: turn.state.seq,
    line: lineOf([namespace]),
    shape: shapeOf(definition),
    bytes: canonical.length,
    agent: null,
    attempt: null,
    boot: null,
    startedAt: null,
    losses: 0,
    debug,
    progress: null,
    statusCode: null,
    message: null,
    logBase: 0,
    client,
    namespaces: withNamespace(before?.namespaces ?? [], namespace),
  };
}

/** The row of a job that a stored result answers: its own if it is still listed, else a finished one made from the result. */
function answered(turn: Turn, before: JobRow | undefined, submission: Submission, stored: StoredResult): JobRow {
  const again = queued(turn, before, submission);
  if (before?.reason === stored.reason && before.attempt === stored.attempt) {
    return { ...before, namespaces: again.namespaces };
  }
  return {
    ...again,
    state: "Finished",
    queuedAt: stored.finishedAt,
    reason: stored.reason,
    changedAt: stored.finishedAt,
    agent: stored.agent,
    attempt: stored.attempt,
    statusCode: stored.statusCode,
    message: stored.error,
  };
}

/** A result that may answer: for as long as it is kept if the program exited with 0, for a minute after any other end. */
function freshResult(turn: Turn, id: JobId): StoredResult | undefined {
  const { settings, now } = turn;
  const fresh = (stored: StoredResult) =>
    now - stored.finishedAt <
    (stored.reason === "Success" && stored.statusCode === 0 ? settings.resultKeepMs : settings.failureCacheMs);
  if (settings.cacheScope === "queue") {
    const stored = readResult(turn, id);
    return stored && fresh(stored) ? stored : undefined;
  }
  const found = turn.sql
    .all("SELECT * FROM results WHERE job = ?", id)
    .map((row) => ({ isOwn: row.queue === turn.queue, stored: resultOfRow(row) }))
    .filter(({ stored }) => fresh(stored))
    .sort((a, b) => Number(b.isOwn) - Number(a.isOwn) || b.stored.finishedAt - a.stored.finishedAt)
    .at(0);
  if (!found || found.isOwn) return found?.stored;
  // This queue's routes answer from its own rows, so another queue's result is taken over, with an attempt that is none of ours.
  const taken = { ...found.stored, attempt: 0 };
  writeResult(turn, id, taken);
  dropLog(turn, id);
  return taken;
}

function keepDefinition(turn: Turn, { id, canonical }: CheckedDefinition, storeInMs: number): void {
  turn.sql.all(
    "INSERT INTO definitions (queue, job, canonical) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    turn.queue,
    id,
    canonical,
  );
  if (turn.settings.publish === "objects") owe(turn, id, "definition", storeInMs);
}

/** Whether there is a place for one more waiting job of this client; nothing is written to find out. */
function fullness(turn: Turn, { checked, client = null }: Submission): Backpressure | undefined {
  const { waiting, waitingBytes } = turn.state;
  const { waitingJobsMax, waitingBytesMax } = turn.settings;
  if (waiting >= waitingJobsMax || waitingBytes + checked.canonical.length > waitingBytesMax) {
    return refused("full", `The queue is full (${waiting} jobs wait)`);
  }
  const share = Math.max(1, Math.floor(waitingJobsMax * clientShare));
  if (client === null || !hasTaken(turn, client, share)) return undefined;
  return refused("share", `${share} jobs from your address wait, which is one address's share of the queue`);
}

function refused(code: Backpressure["code"], why: string): Backpressure {
  return { code, error: `${why}: try again in a while.`, retryAfterMs: fullRetryMs };
}

/** Whether that many jobs of the client wait: a walk along its own part of an index, no further than that. */
function hasTaken(turn: Turn, client: string, places: number): boolean {
  const rows = turn.sql.all(
    "SELECT 1 FROM jobs WHERE queue = ? AND client = ? AND state = 'Queued' LIMIT 1 OFFSET ?",
    turn.queue,
    client,
    places - 1,
  );
  return rows.length > 0;
}
