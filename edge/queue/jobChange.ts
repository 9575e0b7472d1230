// What follows from a change of a job's row, in the same turn: the queue's counts, what runs where, who holds a named namespace,
// and when what has finished is swept.

import { defaultNamespace } from "../../wire/ids.ts";
import { sweepAgainMs, sweepEveryMs } from "../limits.ts";
import type { JobRow } from "./jobRow.ts";
import type { Turn } from "./turn.ts";

/** The row was `before`, if there was one, and is `after`, if there is one. */
export function keepInStep(turn: Turn, before: JobRow | undefined, after: JobRow | undefined): void {
  count(turn, before, -1);
  count(turn, after, 1);
  turn.load.changed(before, after);
  holdNamespaces(turn, before, after);
  if (before?.state !== "Finished" && after?.state === "Finished") planSweep(turn);
}

function count({ state }: Turn, job: JobRow | undefined, by: 1 | -1): void {
  switch (job?.state) {
    case "Queued":
      state.waiting += by;
      state.waitingBytes += by * job.bytes;
      return;
    case "Running":
    case "Publishing":
      state.running += by;
      return;
    case "Finished":
      state.finished += by;
      return;
    case undefined:
      return;
  }
}

/** A named namespace has a row for each active job that is wanted in it: a successor finds it there. */
function holdNamespaces(turn: Turn, before: JobRow | undefined, after: JobRow | undefined): void {
  const [had, has] = [namesHeld(before), namesHeld(after)];
  // Also in `_`, where it has a row if somebody's patience was limited.
  for (const name of had.filter((name) => !has.includes(name))) {
    turn.sql.all(
      "DELETE FROM namespaces WHERE queue = ? AND job = ? AND namespace = ?",
      turn.queue,
      before?.id ?? null,
      name,
    );
  }
  for (const name of has.filter((name) => name !== defaultNamespace && !had.includes(name))) {
    turn.sql.all(
      "INSERT INTO namespaces (queue, job, namespace) VALUES (?, ?, ?)",
      turn.queue,
      after?.id ?? null,
      name,
    );
  }
}

function namesHeld(job: JobRow | undefined): readonly string[] {
  return job && job.state !== "Finished" ? job.namespaces : [];
}

/** What the job leaves will expire, and the list may be longer than it should. */
function planSweep({ state, settings, now }: Turn): void {
  const isLong = state.finished > 2 * settings.finishedListMax;
  state.sweepAt = Math.min(state.sweepAt ?? Infinity, now + (isLong ? sweepAgainMs : sweepEveryMs));
}
