// How far a job's log has come, as a row: read and written with each batch of lines, kept for as long as the log.

import type { JobId } from "../../wire/ids.ts";
import { integer, integerOrNull } from "./sql.ts";
import type { Turn } from "./turn.ts";

export interface LogHead {
  /** The number of the next line. */
  readonly next: number;
  /** How many of the lines before it are the build's; all others are the run's. */
  readonly built: number;
  /** The same for the first line of the current attempt. */
  readonly baseBuilt: number;
  /** What the tail's rows take. */
  readonly bytes: number;
  /** When the job ended; null while lines may come. */
  readonly endedAt: number | null;
  /** The lines of `result.logs` follow, from `next` on. */
  readonly inResult: boolean;
  /** The lines are an object in the store; their rows are gone. */
  readonly stored: boolean;
}

export const emptyHead: LogHead = {
  next: 0,
  built: 0,
  baseBuilt: 0,
  bytes: 0,
  endedAt: null,
  inResult: false,
  stored: false,
};

export function readHead(turn: Turn, id: JobId): LogHead | undefined {
  const [row] = turn.sql.all("SELECT * FROM log_heads WHERE queue = ? AND job = ?", turn.queue, id);
  if (!row) return undefined;
  return {
    next: integer(row, "next"),
    built: integer(row, "built"),
    baseBuilt: integer(row, "base_built"),
    bytes: integer(row, "bytes"),
    endedAt: integerOrNull(row, "ended_at"),
    inResult: integer(row, "in_result") === 1,
    stored: integer(row, "stored") === 1,
  };
}

export function writeHead(turn: Turn, id: JobId, head: LogHead): void {
  turn.sql.all(
    `INSERT INTO log_heads (queue, job, next, built, base_built, bytes, ended_at, in_result, stored)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (queue, job) DO UPDATE SET next = excluded.next, built = excluded.built, base_built = excluded.base_built,
       bytes = excluded.bytes, ended_at = excluded.ended_at, in_result = excluded.in_result, stored = excluded.stored`,
    turn.queue,
    id,
    head.next,
    head.built,
    head.baseBuilt,
    head.bytes,
    head.endedAt,
    head.inResult ? 1 : 0,
    head.stored ? 1 : 0,
  );
}
