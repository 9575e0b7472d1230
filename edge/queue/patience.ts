// How long a job may run for a namespace that wants it: what a submission's `control.maxDuration` says. The run is the same
// whoever asked for it, so it ends early only when nobody wants it any more, and then without a result that could answer others.

import { type JobId, type Namespace, own } from "../../wire/ids.ts";
import type { JobRow } from "./jobRow.ts";
import { isActive, readJob } from "./jobs.ts";
import { leaveNamespace } from "./namespaces.ts";
import { integer, text } from "./sql.ts";
import type { Turn } from "./turn.ts";

/** The newest submission of a namespace decides; without a time the job may run for as long as its definition says. */
export function setPatience(turn: Turn, job: JobRow, namespace: Namespace, ms: number | null): void {
  if (ms === null) {
    turn.sql.all(
      "UPDATE namespaces SET patience_ms = NULL, patient_until = NULL WHERE queue = ? AND job = ? AND namespace = ?",
      turn.queue,
      job.id,
      namespace,
    );
    return;
  }
  const until = job.state === "Running" ? untilOf(turn, job, ms) : null;
  turn.sql.all(
    `INSERT INTO namespaces (queue, job, namespace, patience_ms, patient_until) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (queue, job, namespace) DO UPDATE SET patience_ms = excluded.patience_ms,
       patient_until = excluded.patient_until WHERE patience_ms IS NOT excluded.patience_ms`,
    turn.queue,
    job.id,
    namespace,
    ms,
    until,
  );
  if (until !== null) turn.wakeBy(until);
}

/** An attempt has begun, or is taken up again: its time runs from its start. */
export function beginPatience(turn: Turn, job: JobRow): void {
  if (!hasPatience(turn, job.id)) return;
  const rows = turn.sql.all(
    `UPDATE namespaces SET patient_until = max(? + patience_ms, ?) WHERE queue = ? AND job = ? AND patience_ms IS NOT NULL
     RETURNING patient_until`,
    job.startedAt,
    turn.now + 1,
    turn.queue,
    job.id,
  );
  for (const row of rows) turn.wakeBy(integer(row, "patient_until"));
}

/** Few jobs have one, and to look is cheaper than an update that finds nothing. */
function hasPatience(turn: Turn, job: JobId): boolean {
  const rows = turn.sql.all(
    "SELECT 1 FROM namespaces WHERE queue = ? AND job = ? AND patience_ms IS NOT NULL LIMIT 1",
    turn.queue,
    job,
  );
  return rows.length > 0;
}

export function settlePatience(turn: Turn): void {
  const rows = turn.sql.all(
    "SELECT job, namespace FROM namespaces INDEXED BY namespaces_patient WHERE queue = ? AND patient_until <= ?",
    turn.queue,
    turn.now,
  );
  for (const row of rows) {
    const id = own.jobId(text(row, "job"));
    const namespace = own.namespace(text(row, "namespace"));
    const job = readJob(turn, id);
    if (job && isActive(job) && job.state === "Running") leaveNamespace(turn, job, namespace, "TimedOut", overMessage);
    // It runs no longer: it has ended, or waits for another agent.
    else forget(turn, id, namespace);
  }
}

const overMessage = "The time that its submission gave it (control.maxDuration) was over.";

/** At the earliest the next turn's moment: what is due in this one has been settled. */
function untilOf(turn: Turn, { startedAt }: JobRow, ms: number): number {
  return Math.max((startedAt ?? turn.now) + ms, turn.now + 1);
}

function forget(turn: Turn, job: JobId, namespace: Namespace): void {
  turn.sql.all(
    "UPDATE namespaces SET patient_until = NULL WHERE queue = ? AND job = ? AND namespace = ?",
    turn.queue,
    job,
    namespace,
  );
}
