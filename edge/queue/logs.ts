// A running job's log: lines with numbers over the whole job, kept for those who join while it runs. A new attempt
// continues after a visible line. When a result is accepted it carries the log, and these rows go.

import * as v from "valibot";
import type { AgentMessage } from "../../wire/agentMessages.ts";
import type { ServerMessage } from "../../wire/clientMessages.ts";
import type { JobId } from "../../wire/ids.ts";
import { LogStep } from "../../wire/job.ts";
import { ConsoleLogLine } from "../../wire/result.ts";
import { liveLogBytesMax } from "../limits.ts";
import type { JobRow } from "./jobs.ts";
import { integer, text } from "./sql.ts";
import type { Turn } from "./turn.ts";

type LogFrame = Extract<AgentMessage, { type: "logs" }>;
const Lines = v.array(ConsoleLogLine);

/** Keeps the lines and passes them to the sockets that watch the job. The caller has checked the attempt. */
export function takeLogs(turn: Turn, job: JobRow, { step, first, lines }: LogFrame): void {
  if (lines.length === 0) return;
  const number = job.logBase + first;
  const body = JSON.stringify(lines);
  const [total] = turn.sql.all(
    "SELECT coalesce(sum(bytes), 0) AS bytes FROM logs WHERE queue = ? AND job = ?",
    turn.queue,
    job.id,
  );
  if (total && integer(total, "bytes") + body.length <= liveLogBytesMax) {
    turn.sql.all(
      "INSERT INTO logs (queue, job, first, step, lines, bytes) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      turn.queue,
      job.id,
      number,
      step,
      body,
      body.length,
    );
  }
  const message: ServerMessage = {
    type: "JobStatusPayload",
    payload: { jobId: job.id, step, logs: [...lines], first: number },
  };
  const watchers = turn.sessions.clients().filter((client) => client.watched.includes(job.id));
  turn.sendText(
    watchers.map((client) => client.id),
    JSON.stringify(message),
  );
}

/** What has been printed so far, for a client that asks for a running job. */
export function sendLogs(turn: Turn, session: string, id: JobId): void {
  const rows = turn.sql.all(
    "SELECT first, step, lines FROM logs WHERE queue = ? AND job = ? ORDER BY first",
    turn.queue,
    id,
  );
  for (const row of rows) {
    const step = v.parse(LogStep, row.step);
    const logs = v.parse(Lines, JSON.parse(text(row, "lines")));
    turn.send(session, { type: "JobStatusPayload", payload: { jobId: id, step, logs, first: integer(row, "first") } });
  }
}

export function dropLogs(turn: Turn, id: JobId): void {
  turn.sql.all("DELETE FROM logs WHERE queue = ? AND job = ?", turn.queue, id);
}

/** The number of a new attempt's first line: after everything that was printed before, and a line that says so. */
export function beginAttemptLog(turn: Turn, id: JobId): number {
  const [row] = turn.sql.all(
    `SELECT first + json_array_length(lines) AS next_line FROM logs WHERE queue = ? AND job = ? ORDER BY first DESC LIMIT 1`,
    turn.queue,
    id,
  );
  if (!row) return 0;
  const next = integer(row, "next_line");
  const divider = JSON.stringify([["\u2014 started again on another agent \u2014", turn.now, true]]);
  turn.sql.all(
    "INSERT INTO logs (queue, job, first, step, lines, bytes) VALUES (?, ?, ?, 'Running', ?, ?)",
    turn.queue,
    id,
    next,
    divider,
    divider.length,
  );
  return next + 1;
}
