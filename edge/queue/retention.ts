// What is kept for how long. Nothing here touches a job that is queued or running.

import { type JobId, own } from "../../wire/ids.ts";
import { sweepAgainMs, sweepEveryMs, sweepRowsMax } from "../limits.ts";
import { unlist } from "./jobs.ts";
import { sweepLogs } from "./logEnd.ts";
import { owe } from "./publish.ts";
import { integer, integerOrNull, text } from "./sql.ts";
import type { Turn } from "./turn.ts";

/** Finished jobs leave the list after a day or beyond the newest thousand; logs after a week, results (and definitions) after four. */
export function sweep(turn: Turn): void {
  const { settings, now } = turn;
  const surplus = Math.max(0, turn.state.finished - settings.finishedListMax);
  const listed = turn.sql.all(
    `SELECT id, reason, changed_at FROM jobs INDEXED BY jobs_finished WHERE queue = ? AND state = 'Finished'
     ORDER BY changed_at LIMIT ?`,
    turn.queue,
    sweepRowsMax,
  );
  const leaving = listed.filter(
    (row, index) => index < surplus || integer(row, "changed_at") + settings.finishedListMs <= now,
  );
  for (const row of leaving) {
    const job = own.jobId(text(row, "id"));
    unlist(turn, job);
    // One that succeeded has a result, and its definition goes with that. Without one nobody asks for it any more.
    if (row.reason !== "Success") dropUnusedDefinition(turn, job);
  }
  const logs = sweepLogs(turn);
  const old = turn.sql.all(
    // A job that was submitted again needs its definition; what its last run left goes when this one has ended.
    `SELECT job FROM results INDEXED BY results_by_age WHERE queue = ?1 AND finished_at <= ?2
     AND NOT EXISTS (SELECT 1 FROM jobs WHERE queue = ?1 AND id = results.job AND state <> 'Finished') LIMIT ?3`,
    turn.queue,
    now - settings.resultKeepMs,
    sweepRowsMax,
  );
  for (const row of old) {
    const job = own.jobId(text(row, "job"));
    turn.sql.all("DELETE FROM results WHERE queue = ? AND job = ?", turn.queue, job);
    turn.sql.all("DELETE FROM definitions WHERE queue = ? AND job = ?", turn.queue, job);
    if (settings.publish === "objects") owe(turn, job, "delete");
  }
  const isBehind = [leaving.length, logs, old.length].includes(sweepRowsMax);
  turn.state.sweepAt = isBehind ? now + sweepAgainMs : nextSweep(turn);
}

function dropUnusedDefinition({ sql, queue }: Turn, job: JobId): void {
  sql.all(
    `DELETE FROM definitions WHERE queue = ?1 AND job = ?2
     AND NOT EXISTS (SELECT 1 FROM results WHERE queue = ?1 AND job = ?2)`,
    queue,
    job,
  );
}

/** When the oldest of what is kept goes; null if nothing is. */
function nextSweep({ sql, queue, now, settings }: Turn): number | null {
  const oldest = (statement: string) => {
    const [row] = sql.all(statement, queue);
    return (row && integerOrNull(row, "at")) ?? Infinity;
  };
  const next = Math.min(
    oldest("SELECT min(changed_at) AS at FROM jobs INDEXED BY jobs_finished WHERE queue = ? AND state = 'Finished'") +
      settings.finishedListMs,
    oldest("SELECT min(ended_at) AS at FROM log_heads WHERE queue = ? AND ended_at IS NOT NULL") + settings.logKeepMs,
    oldest("SELECT min(finished_at) AS at FROM results INDEXED BY results_by_age WHERE queue = ?") +
      settings.resultKeepMs,
  );
  return next === Infinity ? null : Math.max(next, now + sweepEveryMs);
}
