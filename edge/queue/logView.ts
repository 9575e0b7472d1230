// A job's log as it is read, in one look: which pieces and rows have the lines from a place on, and whether more will come.

import * as v from "valibot";
import { type JobId, own, type Sha256 } from "../../wire/ids.ts";
import { isBuild } from "../../wire/logPiece.ts";
import { LogStep } from "../../wire/result.ts";
import { readJob } from "./jobs.ts";
import { emptyHead, readHead } from "./logHead.ts";
import { logFrame } from "./logs.ts";
import { readResult } from "./results.ts";
import { integer, text } from "./sql.ts";
import type { Turn } from "./turn.ts";

/** Lines are counted over the whole job, or among those of the build or of the run. */
export type LogKind = "all" | "build" | "run";

export interface LogPlace {
  readonly kind: LogKind;
  readonly since: number;
}

/** Lines `first` to `first + count`, in a row or a sealed piece. `built` of those before are the build's. */
interface Block {
  readonly first: number;
  readonly count: number;
  readonly built: number;
}

export interface PieceBlock extends Block {
  /** How many of its lines are the build's. */
  readonly build: number;
  readonly hash: Sha256;
  readonly size: number;
}

export interface RowBlock extends Block {
  readonly step: LogStep;
  /** JSON of ConsoleLogLine[]. */
  readonly lines: string;
}

/** What is kept of a log before the lines of a result. */
export interface KeptLog {
  /** The number of the line after these, and how many are the build's. */
  readonly next: number;
  readonly built: number;
  readonly pieces: readonly PieceBlock[];
  readonly rows: readonly RowBlock[];
}

export interface LogView extends KeptLog {
  /** No line will follow. */
  readonly isOver: boolean;
  /** The result that has the lines from `next` on, as JSON or as the blob that it is. */
  readonly result: { readonly json: string } | { readonly hash: Sha256; readonly size: number } | undefined;
}

/** What the queue has from a place on; `archived` if all lines are an object in the store; undefined for a job it doesn't know. */
export function viewLog(turn: Turn, id: JobId, place: LogPlace): LogView | "archived" | undefined {
  const job = readJob(turn, id);
  const head = readHead(turn, id);
  if (head?.stored) return "archived";
  const stored = readResult(turn, id);
  if (!job && !head && !stored) return undefined;
  const { next, built, endedAt, inResult } = head ?? { ...emptyHead, inResult: true };
  const isDecided = job ? job.state === "Publishing" || job.state === "Finished" : !head || endedAt !== null;
  // A result of an earlier run says nothing of this one.
  const ending = isDecided && inResult && (!job || job.attempt === stored?.attempt) ? stored : undefined;
  return {
    isOver: job ? job.state === "Finished" : isDecided,
    next,
    built,
    pieces: head ? readPieces(turn, id, place) : [],
    rows: head ? readRows(turn, id, place) : [],
    result: typeof ending?.result === "string" ? { json: ending.result } : (ending?.ref ?? undefined),
  };
}

/** The whole of it, as it is stored when the job has ended. */
export function keptLog(turn: Turn, id: JobId): (KeptLog & { readonly inResult: boolean }) | undefined {
  const head = readHead(turn, id);
  if (!head || head.endedAt === null || head.stored) return undefined;
  const place: LogPlace = { kind: "all", since: 0 };
  const { next, built, inResult } = head;
  return { next, built, inResult, pieces: readPieces(turn, id, place), rows: readRows(turn, id, place) };
}

/** The end of a block in the numbers of a kind: the line after its last. */
const ends: Readonly<Record<LogKind, { readonly pieces: string; readonly rows: string }>> = {
  all: { pieces: "first + count", rows: "first + count" },
  build: { pieces: "built + build", rows: "CASE step WHEN 'Running' THEN -1 ELSE built + count END" },
  run: {
    pieces: "first + count - built - build",
    rows: "CASE step WHEN 'Running' THEN first + count - built ELSE -1 END",
  },
};

function readPieces(turn: Turn, id: JobId, { kind, since }: LogPlace): readonly PieceBlock[] {
  return turn.sql
    .all(
      `SELECT * FROM log_pieces WHERE queue = ? AND job = ? AND ${ends[kind].pieces} > ? ORDER BY first`,
      turn.queue,
      id,
      since,
    )
    .map((row) => ({
      first: integer(row, "first"),
      count: integer(row, "count"),
      built: integer(row, "built"),
      build: integer(row, "build"),
      hash: own.sha256(text(row, "hash")),
      size: integer(row, "size"),
    }));
}

function readRows(turn: Turn, id: JobId, { kind, since }: LogPlace): readonly RowBlock[] {
  // A line's number is never below its number in its kind: what lies before the row of `since` need not be looked at.
  const rows = turn.sql.all(
    `SELECT * FROM logs WHERE queue = ?1 AND job = ?2 AND ${ends[kind].rows} > ?3 AND first >=
       coalesce((SELECT max(first) FROM logs WHERE queue = ?1 AND job = ?2 AND first <= ?3), 0) ORDER BY first`,
    turn.queue,
    id,
    since,
  );
  return rows.map((row) => ({
    first: integer(row, "first"),
    count: integer(row, "count"),
    built: integer(row, "built"),
    step: v.parse(LogStep, row.step),
    lines: text(row, "lines"),
  }));
}

/** What has been printed so far and is not sealed, for a client that asks for a job that has not ended. */
export function sendLogs(turn: Turn, session: string, id: JobId): void {
  for (const { first, built, step, lines } of readRows(turn, id, { kind: "all", since: 0 })) {
    const at = isBuild(step) ? built : first - built;
    turn.sendText([session], logFrame(id, { step, first, at, json: lines }));
  }
}
