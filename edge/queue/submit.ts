// A submission: joins the same job that is under way, is answered by a result that is still fresh, or begins a new run.

import type { CheckedDefinition } from "../../wire/definition.ts";
import type { JobId, Namespace } from "../../wire/ids.ts";
import type { Job } from "../../wire/job.ts";
import { shapeOf } from "./capacity.ts";
import { announceJob, isActive, type JobRow, jobShown, namespacesOf, readJob, writeJob } from "./jobs.ts";
import { joinNamespace, lineOf, replaceOthers } from "./namespaces.ts";
import { owe } from "./publish.ts";
import { finishedOf, readResult, resultOfRow, type StoredResult, writeResult } from "./results.ts";
import type { Turn } from "./turn.ts";

export interface Submission {
  readonly checked: CheckedDefinition;
  readonly namespace: Namespace;
  readonly debug: boolean;
}

export type SubmitOutcome =
  | { readonly type: "taken"; readonly id: JobId; readonly job: Job; readonly cached: boolean }
  | { readonly type: "full"; readonly id: JobId; readonly error: string; readonly retryAfterMs: number };

export function submit(turn: Turn, { checked, namespace, debug }: Submission): SubmitOutcome {
  const { id } = checked;
  const before = readJob(turn, id);
  if (before && isActive(before)) {
    joinNamespace(turn, id, namespace);
    const job = writeJob(turn, before, { ...before, line: lineOf(namespacesOf(turn, id)) });
    announceJob(turn, job);
    replaceOthers(turn, id, namespace);
    return { type: "taken", id, job: jobShown(turn, job), cached: false };
  }
  const cached = freshResult(turn, id);
  if (!cached && isFull(turn, checked)) {
    const error = `The queue is full (${turn.state.waiting} jobs wait): try again in a while.`;
    return { type: "full", id, error, retryAfterMs: 5_000 };
  }
  joinNamespace(turn, id, namespace);
  const job = cached
    ? writeJob(turn, before, answered(turn, before, checked, cached, { namespace, debug }))
    : writeJob(turn, before, queued(turn, checked, namespace, debug));
  if (!cached) {
    keepDefinition(turn, checked);
    turn.assignable = true;
  }
  announceJob(turn, job);
  replaceOthers(turn, id, namespace);
  const shown = jobShown(turn, job);
  return { type: "taken", id, job: cached ? { ...shown, finished: finishedOf(cached) } : shown, cached: !!cached };
}

function queued(
  turn: Turn,
  { id, canonical, definition }: CheckedDefinition,
  namespace: Namespace,
  debug: boolean,
): JobRow {
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
  };
}

/** The row of a job that a stored result answers: its own if it is still listed, else a finished one made from the result. */
function answered(
  turn: Turn,
  before: JobRow | undefined,
  checked: CheckedDefinition,
  stored: StoredResult,
  { namespace, debug }: Pick<Submission, "namespace" | "debug">,
): JobRow {
  if (before?.reason === stored.reason && before.attempt === stored.attempt) return before;
  return {
    ...queued(turn, checked, namespace, debug),
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
  const stored = readResult(turn, id);
  if (stored && fresh(stored)) return stored;
  if (settings.cacheScope === "queue") return undefined;
  const rows = turn.sql.all(
    "SELECT * FROM results WHERE job = ? AND queue <> ? ORDER BY finished_at DESC",
    id,
    turn.queue,
  );
  const other = rows.map(resultOfRow).find(fresh);
  // This queue's routes answer from its own rows, so another queue's result is taken over, with an attempt that is none of ours.
  const taken = other && { ...other, attempt: 0 };
  if (taken) writeResult(turn, id, taken);
  return taken;
}

function keepDefinition(turn: Turn, { id, canonical }: CheckedDefinition): void {
  turn.sql.all(
    "INSERT INTO definitions (queue, job, canonical) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    turn.queue,
    id,
    canonical,
  );
  if (turn.settings.publish === "objects") owe(turn, id, "definition");
}

function isFull(turn: Turn, { canonical }: CheckedDefinition): boolean {
  return (
    turn.state.waiting >= turn.settings.waitingJobsMax ||
    turn.state.waitingBytes + canonical.length > turn.settings.waitingBytesMax
  );
}
