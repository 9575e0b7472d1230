// What becomes of a job's log when it ends. A result that has the whole log takes the rows' place; after any other end they
// stay until they expire, as an object where results are objects.

import type { Finish } from "../../wire/agentMessages.ts";
import { type JobId, own } from "../../wire/ids.ts";
import { sweepRowsMax } from "../limits.ts";
import type { JobRow } from "./jobRow.ts";
import { type LogHead, readHead, writeHead } from "./logHead.ts";
import { owe } from "./publish.ts";
import { text } from "./sql.ts";
import type { Turn } from "./turn.ts";

/** An attempt's result was accepted: where it has the attempt's whole log, the lines that came in before are not needed. */
export function endLogWithResult(turn: Turn, job: JobRow, finish: Finish): void {
  const head = readHead(turn, job.id);
  if (!head) return;
  const inResult = resultHasMore(finish, head.next - job.logBase);
  if (!inResult) endLog(turn, job.id, head, false);
  else if (job.logBase === 0) dropLog(turn, job.id);
  else {
    for (const table of ["logs", "log_pieces"]) {
      turn.sql.all(`DELETE FROM ${table} WHERE queue = ? AND job = ? AND first >= ?`, turn.queue, job.id, job.logBase);
    }
    endLog(turn, job.id, { ...head, next: job.logBase, built: head.baseBuilt }, true);
  }
}

/** `logLines` says that the result has all. Without it, whichever has more lines is what is shown. */
function resultHasMore({ logLines, result }: Finish, received: number): boolean {
  if (logLines === undefined) return result ? result.logs.length > received : received === 0;
  return result === undefined || result.logs.length === logLines;
}

/** The job ended without a result of a container: what came in stays. `inResult`: the lines of a result follow it. */
export function endLogAsItIs(turn: Turn, id: JobId, inResult = false): void {
  const head = readHead(turn, id);
  if (head) endLog(turn, id, head, inResult);
}

function endLog(turn: Turn, id: JobId, head: LogHead, inResult: boolean): void {
  writeHead(turn, id, { ...head, endedAt: turn.now, inResult });
  if (turn.settings.publish === "objects") owe(turn, id, "log");
}

/** The log is an object now: its lines need no rows. */
export function logStored(turn: Turn, id: JobId): void {
  const head = readHead(turn, id);
  // A new run has begun meanwhile.
  if (!head || head.endedAt === null) return;
  dropLines(turn, id);
  writeHead(turn, id, { ...head, bytes: 0, stored: true });
}

/** Nothing of the log stays in this queue: a new run begins, or the job goes. Pieces expire in the store. */
export function dropLog(turn: Turn, id: JobId): void {
  if (!readHead(turn, id)) return;
  turn.sql.all("DELETE FROM log_heads WHERE queue = ? AND job = ?", turn.queue, id);
  dropLines(turn, id);
  turn.sql.all("DELETE FROM effects WHERE queue = ? AND job = ? AND kind = 'log'", turn.queue, id);
}

function dropLines(turn: Turn, id: JobId): void {
  for (const table of ["logs", "log_pieces"]) {
    turn.sql.all(`DELETE FROM ${table} WHERE queue = ? AND job = ?`, turn.queue, id);
  }
}

/** Logs of jobs that ended long ago go: how many did. */
export function sweepLogs(turn: Turn): number {
  const old = turn.sql.all(
    "SELECT job FROM log_heads WHERE queue = ? AND ended_at <= ? LIMIT ?",
    turn.queue,
    turn.now - turn.settings.logKeepMs,
    sweepRowsMax,
  );
  for (const row of old) dropLog(turn, own.jobId(text(row, "job")));
  return old.length;
}
