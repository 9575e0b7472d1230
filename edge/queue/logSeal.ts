// Log lines that their agent has sealed: a piece is an entry here and a blob in the store, and its lines leave the tail.

import type { AgentMessage } from "../../wire/agentMessages.ts";
import type { JobId } from "../../wire/ids.ts";
import { logPiecesMax } from "../limits.ts";
import type { JobRow } from "./jobRow.ts";
import { emptyHead, type LogHead, readHead, writeHead } from "./logHead.ts";
import { logFrame } from "./logs.ts";
import { integer, text } from "./sql.ts";
import type { Turn } from "./turn.ts";

type Sealed = Extract<AgentMessage, { type: "sealed" }>;

/** A piece is in the store: its lines leave the tail. One that repeats or overlaps what is sealed already changes nothing. */
export function takeSealed(turn: Turn, job: JobRow, { first, count, build, hash, size }: Sealed): void {
  const { id } = job;
  const head = readHead(turn, id) ?? emptyHead;
  const number = job.logBase + first;
  const end = number + count;
  const [last] = turn.sql.all(
    `SELECT first + count AS sealed_to, built + build AS built, (SELECT count(*) FROM log_pieces WHERE queue = ?1 AND job = ?2) AS pieces
     FROM log_pieces WHERE queue = ?1 AND job = ?2 ORDER BY first DESC LIMIT 1`,
    turn.queue,
    id,
  );
  const sealedTo = last ? integer(last, "sealed_to") : 0;
  if (build > count || number < sealedTo || (last && integer(last, "pieces") >= logPiecesMax)) return;
  const isNext = last && number === sealedTo;
  const isFirst = number === job.logBase;
  const built = isNext ? integer(last, "built") : isFirst ? head.baseBuilt : builtBefore(turn, id, head, number);
  turn.sql.all(
    "INSERT INTO log_pieces (queue, job, first, count, built, build, hash, size) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    turn.queue,
    id,
    number,
    count,
    built,
    build,
    hash,
    size,
  );
  writeHead(turn, id, cutTail(turn, id, head, { first: number, end, built: built + build }));
}

interface SealedLines {
  readonly first: number;
  readonly end: number;
  /** How many lines before `end` are the build's. */
  readonly built: number;
}

function cutTail(turn: Turn, id: JobId, head: LogHead, { first, end, built }: SealedLines): LogHead {
  const counted = builtBefore(turn, id, head, end);
  const rows = turn.sql.all(
    "DELETE FROM logs WHERE queue = ? AND job = ? AND first >= ? AND first + count <= ? RETURNING bytes",
    turn.queue,
    id,
    first,
    end,
  );
  const bytes = rows.reduce((left, row) => left - integer(row, "bytes"), head.bytes);
  if (end > head.next) {
    tellOfGap(turn, id, end, built);
    return { ...head, bytes, next: end, built };
  }
  // The piece knows of which step the lines were that got lost on their way here.
  const correction = built - counted;
  if (correction !== 0) {
    turn.sql.all(
      "UPDATE logs SET built = built + ? WHERE queue = ? AND job = ? AND first + count > ?",
      correction,
      turn.queue,
      id,
      end,
    );
  }
  return { ...head, bytes, built: head.built + correction };
}

/** Lines that were never sent: whoever follows by number sees that they are missing, and reads the piece. */
function tellOfGap(turn: Turn, id: JobId, first: number, built: number): void {
  const followers = turn.sessions.watchersOf(id).filter(({ sees }) => sees === "watched");
  const frame = logFrame(id, { step: "Running", first, at: first - built, json: "[]" });
  turn.sendText(
    followers.map((session) => session.id),
    frame,
  );
}

/** How many lines before this one are the build's, as far as the tail knows. */
function builtBefore(turn: Turn, id: JobId, head: LogHead, number: number): number {
  const [row] = turn.sql.all(
    `SELECT first, built, step FROM logs WHERE queue = ?1 AND job = ?2 AND first + count > ?3 AND first >=
       coalesce((SELECT max(first) FROM logs WHERE queue = ?1 AND job = ?2 AND first <= ?3), 0) ORDER BY first LIMIT 1`,
    turn.queue,
    id,
    number,
  );
  if (!row) return head.built;
  // Lines that are missing before a row count as of its step.
  const offset = text(row, "step") === "Running" ? 0 : number - integer(row, "first");
  return Math.max(0, integer(row, "built") + offset);
}
