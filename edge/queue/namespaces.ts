// Namespaces: who wants a job. `_` never conflicts; any other holds one live job, the newest to arrive. Which a job is wanted
// in is in its row; a row of a named namespace and an active job says when the one must leave the other.

import { defaultNamespace, type JobId, type Namespace, own } from "../../wire/ids.ts";
import type { FinishedReason } from "../../wire/result.ts";
import { replaceDelayMiddleMs, replaceDelayOldMs, replaceMiddleMs, replaceYoungMs } from "../limits.ts";
import { callFinished } from "./callbacks.ts";
import { deleteFinished, endWithoutResult } from "./finish.ts";
import type { JobRow } from "./jobRow.ts";
import { announceJob, isActive, readJob, writeJob } from "./jobs.ts";
import { text } from "./sql.ts";
import type { Turn } from "./turn.ts";

/** The active job is wanted in this namespace from now on. Returning to it ends a replacement that was under way. */
export function joinNamespace(turn: Turn, job: JobRow, namespace: Namespace): JobRow {
  if (!job.namespaces.includes(namespace)) {
    const namespaces = withNamespace(job.namespaces, namespace);
    return writeJob(turn, job, { ...job, namespaces, line: lineOf(namespaces) });
  }
  if (namespace !== defaultNamespace) endAt(turn, job.id, namespace, null);
  return job;
}

export function withNamespace(namespaces: readonly string[], namespace: Namespace): readonly string[] {
  return [...new Set([...namespaces, namespace])].sort();
}

function endAt(turn: Turn, job: JobId, namespace: Namespace, at: number | null): void {
  turn.sql.all(
    "UPDATE namespaces SET ends_at = ? WHERE queue = ? AND job = ? AND namespace = ?",
    at,
    turn.queue,
    job,
    namespace,
  );
  if (at !== null) turn.wakeBy(at);
}

/** The other live jobs of a named namespace make room: at once when young, a little later when they have run for a while. */
export function replaceOthers(turn: Turn, newer: JobId, namespace: Namespace): void {
  if (namespace === defaultNamespace) return;
  const rows = turn.sql.all(
    "SELECT job FROM namespaces INDEXED BY namespaces_by_name WHERE queue = ? AND namespace = ? AND job <> ? AND ends_at IS NULL",
    turn.queue,
    namespace,
    newer,
  );
  for (const row of rows) {
    const job = readJob(turn, own.jobId(text(row, "job")));
    // A result that is decided and not yet shown is too late to replace.
    if (!job || !isActive(job) || job.state === "Publishing") continue;
    const delay = delayFor(turn, job);
    if (delay === 0) leaveNamespace(turn, job, namespace, "JobReplacedByClient", replacedMessage);
    else endAt(turn, job.id, namespace, turn.now + delay);
  }
}

const replacedMessage = "A newer job of the same namespace took its place.";

function delayFor(turn: Turn, job: JobRow): number {
  const age = job.state === "Queued" || job.startedAt === null ? 0 : turn.now - job.startedAt;
  if (age < replaceYoungMs) return 0;
  return age < replaceMiddleMs ? replaceDelayMiddleMs : replaceDelayOldMs;
}

export function settleReplaced(turn: Turn): void {
  const rows = turn.sql.all(
    "SELECT job, namespace FROM namespaces WHERE queue = ? AND ends_at <= ?",
    turn.queue,
    turn.now,
  );
  for (const row of rows) {
    const job = readJob(turn, own.jobId(text(row, "job")));
    const namespace = own.namespace(text(row, "namespace"));
    if (!job || job.state === "Publishing") endAt(turn, own.jobId(text(row, "job")), namespace, null);
    else leaveNamespace(turn, job, namespace, "JobReplacedByClient", replacedMessage);
  }
}

/** Takes an active job out of one namespace (or all, `*`); a job that nobody wants any more ends. True if it was in there. */
export function leaveNamespace(
  turn: Turn,
  job: JobRow,
  namespace: Namespace | "*",
  reason: Extract<FinishedReason, "Cancelled" | "Deleted" | "JobReplacedByClient" | "TimedOut">,
  message: string,
): boolean {
  const leaving = namespace === "*" ? job.namespaces : job.namespaces.filter((name) => name === namespace);
  if (leaving.length === 0) return false;
  const left = job.namespaces.filter((name) => !leaving.includes(name));
  if (left.length > 0) {
    announceJob(turn, writeJob(turn, job, { ...job, namespaces: left, line: lineOf(left) }));
    callFinished(turn, job.id, { reason, statusCode: null, cached: false }, leaving);
  } else {
    endWithoutResult(turn, job, reason, message);
    const ended = readJob(turn, job.id);
    if (reason === "Deleted" && ended) deleteFinished(turn, ended);
  }
  return true;
}

/** The line a job waits in: that of `_` if it is wanted there. */
export function lineOf(namespaces: readonly string[]): 0 | 1 {
  return namespaces.includes(defaultNamespace) ? 0 : 1;
}
