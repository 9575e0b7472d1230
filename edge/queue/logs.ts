// A job's log as it comes in: lines with numbers over the whole job, kept as rows until they are sealed (logSeal.ts) or the job
// has ended (logEnd.ts). A new attempt continues after a visible line.

import type { AgentMessage } from "../../wire/agentMessages.ts";
import type { JobId } from "../../wire/ids.ts";
import { liveLogBytesMax } from "../../wire/limits.ts";
import { isBuild } from "../../wire/logPiece.ts";
import type { ConsoleLogLine, LogStep } from "../../wire/result.ts";
import { logLineCharsMax, logRowCharsMax, logRowOverheadBytes } from "../limits.ts";
import type { JobRow } from "./jobRow.ts";
import { emptyHead, type LogHead, readHead, writeHead } from "./logHead.ts";
import { integer } from "./sql.ts";
import type { Turn } from "./turn.ts";

type LogFrame = Extract<AgentMessage, { type: "logs" }>;

/** Keeps the lines and passes them to the sessions that watch the job. The caller has checked the attempt. */
export function takeLogs(turn: Turn, job: JobRow, { step, first, lines }: LogFrame): void {
  const head = readHead(turn, job.id) ?? emptyHead;
  const after = append(turn, job.id, head, { step, number: job.logBase + first, lines });
  if (after !== head) writeHead(turn, job.id, after);
}

interface NewLines {
  readonly step: LogStep;
  readonly number: number;
  readonly lines: readonly ConsoleLogLine[];
}

/** Lines that came before are left out; a gap counts as lines of this step, so that numbers after it stay what they are. */
function append(turn: Turn, id: JobId, head: LogHead, { step, number, lines }: NewLines): LogHead {
  const fresh = lines.slice(Math.max(0, head.next - number));
  if (fresh.length === 0) return head;
  const building = isBuild(step);
  let next = Math.max(number, head.next);
  let built = head.built + (building ? next - head.next : 0);
  let { bytes } = head;
  for (const { count, json } of rowsOf(fresh)) {
    const size = json.length + logRowOverheadBytes;
    turn.sql.all(
      "INSERT INTO logs (queue, job, first, count, built, step, lines, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      turn.queue,
      id,
      next,
      count,
      built,
      step,
      json,
      size,
    );
    turn.sendText(watchers(turn, id), logFrame(id, { step, first: next, at: building ? built : next - built, json }));
    next += count;
    built += building ? count : 0;
    bytes += size;
  }
  return { ...head, next, built, bytes: dropOldest(turn, id, bytes) };
}

/** Lines as JSON, in rows that a database takes. */
function rowsOf(lines: readonly ConsoleLogLine[]): readonly { readonly count: number; readonly json: string }[] {
  const short = lines.map((line) => (line[0].length > logLineCharsMax ? cut(line) : line));
  const json = JSON.stringify(short);
  if (json.length <= logRowCharsMax || short.length === 1) return [{ count: short.length, json }];
  const half = short.length >> 1;
  return [...rowsOf(short.slice(0, half)), ...rowsOf(short.slice(half))];
}

function cut([line, time, isStdErr]: ConsoleLogLine): ConsoleLogLine {
  const shown = `${line.slice(0, logLineCharsMax - 100)} \u2014 this line is longer \u2014`;
  return isStdErr === undefined ? [shown, time] : [shown, time, isStdErr];
}

/** An agent that doesn't seal keeps its newest lines here; what has left is missed by those who come late. */
function dropOldest(turn: Turn, id: JobId, bytes: number): number {
  let left = bytes;
  while (left > liveLogBytesMax) {
    const [oldest] = turn.sql.all(
      "SELECT first, bytes FROM logs WHERE queue = ? AND job = ? ORDER BY first LIMIT 1",
      turn.queue,
      id,
    );
    if (!oldest) return 0;
    turn.sql.all(
      "DELETE FROM logs WHERE queue = ? AND job = ? AND first = ?",
      turn.queue,
      id,
      integer(oldest, "first"),
    );
    left -= integer(oldest, "bytes");
  }
  return left;
}

function watchers(turn: Turn, id: JobId): readonly string[] {
  return turn.sessions.watchersOf(id).map((session) => session.id);
}

interface FrameParts {
  readonly step: LogStep;
  readonly first: number;
  readonly at: number;
  readonly json: string;
}

/** A `JobStatusPayload` frame around lines that are JSON already. */
export function logFrame(id: JobId, { step, first, at, json }: FrameParts): string {
  return `{"type":"JobStatusPayload","payload":{"jobId":"${id}","step":"${step}","first":${first},"at":${at},"logs":${json}}}`;
}

/** The number of a new attempt's first line: after everything that was printed before, and a line that says so. */
export function beginAttemptLog(turn: Turn, job: JobRow): number {
  const head = readHead(turn, job.id);
  // An attempt that printed nothing needs no line that parts it from the next.
  if (!head || head.next === job.logBase) return job.logBase;
  const divider: ConsoleLogLine = ["\u2014 started again on another agent \u2014", turn.now, true];
  const after = append(turn, job.id, head, { step: "Running", number: head.next, lines: [divider] });
  writeHead(turn, job.id, { ...after, baseBuilt: after.built });
  return after.next;
}
