// The accepted result of a job's newest run, as a row.

import * as v from "valibot";
import { type AgentId, type JobId, own, type Sha256 } from "../../wire/ids.ts";
import { type Finished, JobResult, RunReason } from "../../wire/result.ts";
import { integer, integerOrNull, type Row, text, textOrNull } from "./sql.ts";
import type { Turn } from "./turn.ts";

export interface StoredResult {
  readonly attempt: number;
  readonly reason: RunReason;
  readonly statusCode: number | null;
  readonly finishedAt: number;
  readonly agent: AgentId;
  readonly error: string | null;
  /** JSON of a JobResult, unless it is a blob. */
  readonly result: string | null;
  readonly ref: { readonly hash: Sha256; readonly size: number } | null;
}

export function readResult(turn: Turn, id: JobId): StoredResult | undefined {
  const [row] = turn.sql.all("SELECT * FROM results WHERE queue = ? AND job = ?", turn.queue, id);
  return row && resultOfRow(row);
}

export function resultOfRow(row: Row): StoredResult {
  const hash = textOrNull(row, "ref_hash");
  return {
    attempt: integer(row, "attempt"),
    reason: v.parse(RunReason, row.reason),
    statusCode: integerOrNull(row, "status_code"),
    finishedAt: integer(row, "finished_at"),
    agent: own.agentId(text(row, "agent")),
    error: textOrNull(row, "error"),
    result: textOrNull(row, "result"),
    ref: hash === null ? null : { hash: own.sha256(hash), size: integer(row, "ref_size") },
  };
}

export function writeResult(turn: Turn, id: JobId, stored: StoredResult): void {
  turn.sql.all(
    `INSERT INTO results (queue, job, attempt, reason, status_code, finished_at, agent, error, result, ref_hash, ref_size)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (queue, job) DO UPDATE SET attempt = excluded.attempt, reason = excluded.reason,
       status_code = excluded.status_code, finished_at = excluded.finished_at, agent = excluded.agent, error = excluded.error,
       result = excluded.result, ref_hash = excluded.ref_hash, ref_size = excluded.ref_size`,
    turn.queue,
    id,
    stored.attempt,
    stored.reason,
    stored.statusCode,
    stored.finishedAt,
    stored.agent,
    stored.error,
    stored.result,
    stored.ref?.hash ?? null,
    stored.ref?.size ?? null,
  );
}

/** The `finished` part of a job, but for a result that is a blob. */
export function finishedOf(stored: StoredResult): Finished {
  return {
    type: "Finished",
    reason: stored.reason,
    time: stored.finishedAt,
    worker: stored.agent,
    ...(stored.error === null ? {} : { message: stored.error }),
    ...(stored.result === null ? {} : { result: v.parse(JobResult, JSON.parse(stored.result)) }),
  };
}
