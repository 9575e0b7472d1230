// Effects that must happen: kept as rows until the shell reports them done, tried again with growing pauses.

import * as v from "valibot";
import { type JobId, own } from "../../wire/ids.ts";
import { effectRetryMs, effectRetryMsMax } from "../limits.ts";
import { integer, text } from "./sql.ts";
import type { StoreKind, Turn } from "./turn.ts";

const Kind = v.picklist(["definition", "result", "run", "log", "delete"]);

/**
 * Owes the store something, now or after a while. What is written is read from the rows when the shell gets to it, so a repeat
 * is harmless.
 */
export function owe(turn: Turn, job: JobId, kind: StoreKind, inMs = 0): void {
  if (kind === "delete") turn.sql.all("DELETE FROM effects WHERE queue = ? AND job = ?", turn.queue, job);
  else turn.sql.all("DELETE FROM effects WHERE queue = ? AND job = ? AND kind = 'delete'", turn.queue, job);
  turn.sql.all(
    `INSERT INTO effects (queue, job, kind, due, tries) VALUES (?, ?, ?, ?, 0)
     ON CONFLICT (queue, job, kind) DO UPDATE SET due = excluded.due, tries = 0`,
    turn.queue,
    job,
    kind,
    turn.now + (inMs > 0 ? inMs : effectRetryMsMax),
  );
  if (inMs > 0) turn.wakeBy(turn.now + inMs);
  else leave(turn, job, kind);
}

/** Nobody may report on it: then it leaves again. */
function leave(turn: Turn, job: JobId, kind: StoreKind): void {
  turn.wakeBy(turn.now + effectRetryMsMax);
  turn.effect({ type: "store", job, kind });
}

export function isOwed(turn: Turn, job: JobId, kind: StoreKind): boolean {
  const rows = turn.sql.all("SELECT 1 FROM effects WHERE queue = ? AND job = ? AND kind = ?", turn.queue, job, kind);
  return rows.length > 0;
}

/** Lets owed effects leave again: those that are due, or all after a start. */
export function settleEffects(turn: Turn, which: "due" | "all"): void {
  const until = which === "due" ? turn.now : Number.MAX_SAFE_INTEGER;
  const due = turn.sql.all("SELECT job, kind FROM effects WHERE queue = ? AND due <= ?", turn.queue, until);
  for (const row of due) {
    const job = own.jobId(text(row, "job"));
    const kind = v.parse(Kind, row.kind);
    turn.sql.all(
      "UPDATE effects SET due = ? WHERE queue = ? AND job = ? AND kind = ?",
      turn.now + effectRetryMsMax,
      turn.queue,
      job,
      kind,
    );
    leave(turn, job, kind);
  }
}

export function effectDone(turn: Turn, job: JobId, kind: StoreKind): void {
  turn.sql.all("DELETE FROM effects WHERE queue = ? AND job = ? AND kind = ?", turn.queue, job, kind);
}

/** Tries again later: 1 s, doubling to the cap. */
export function effectFailed(turn: Turn, job: JobId, kind: StoreKind): void {
  const [row] = turn.sql.all(
    "SELECT tries FROM effects WHERE queue = ? AND job = ? AND kind = ?",
    turn.queue,
    job,
    kind,
  );
  if (!row) return;
  const tries = integer(row, "tries");
  const due = turn.now + Math.min(effectRetryMs * 2 ** tries, effectRetryMsMax);
  turn.wakeBy(due);
  turn.sql.all(
    "UPDATE effects SET due = ?, tries = ? WHERE queue = ? AND job = ? AND kind = ?",
    due,
    tries + 1,
    turn.queue,
    job,
    kind,
  );
}
