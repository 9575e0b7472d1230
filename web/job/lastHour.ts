// What a queue did in the last hour, from the jobs that it lists: how many waited and ran, minute by minute.

import type { Job } from "../../wire/job.ts";

export interface Minute {
  readonly waiting: number;
  readonly running: number;
  /** Jobs that ended in it. */
  readonly ended: number;
}

const minuteMs = 60_000;
export const minutesShown = 60;

/** The minutes up to now, oldest first. A finished job's start is known only roughly: it ran since it was queued. */
export function lastHour(jobs: Iterable<Job>, now: number): readonly Minute[] {
  const from = now - minutesShown * minuteMs;
  const minutes = Array.from({ length: minutesShown }, () => ({ waiting: 0, running: 0, ended: 0 }));
  for (const job of jobs) {
    const isOver = job.state === "Finished" || job.state === "Removed";
    const end = isOver ? job.time : now;
    if (end < from) continue;
    const first = Math.max(0, Math.floor((job.queuedTime - from) / minuteMs));
    const last = Math.min(minutesShown - 1, Math.floor((end - from - (isOver ? 0 : 1)) / minuteMs));
    // A running job waited until its last change of state at the latest.
    const started = job.state === "Running" ? job.time : isOver ? job.queuedTime : Number.POSITIVE_INFINITY;
    for (let at = first; at <= last; at++) {
      const minute = minutes[at];
      if (!minute) continue;
      if (from + (at + 1) * minuteMs <= started) minute.waiting++;
      else minute.running++;
    }
    const ending = minutes[last];
    if (isOver && ending) ending.ended++;
  }
  return minutes;
}
