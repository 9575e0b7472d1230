// What a queue did in the last hour, from the jobs that it lists: how many waited and ran, minute by minute. A list of finished
// jobs that is cut off covers less: the hour then begins with the oldest of them.

import type { Job } from "../../wire/job.ts";

export interface Minute {
  readonly waiting: number;
  readonly running: number;
  /** Jobs that ended in it. */
  readonly ended: number;
}

const minuteMs = 60_000;
export const minutesShown = 60;

export interface Hour {
  /** Oldest first, up to now. */
  readonly minutes: readonly Minute[];
  /** Epoch ms: before, jobs may have ended that are not counted. Undefined if the hour is whole. */
  readonly since: number | undefined;
}

/** Servers list no others: one that a socket announced would count here and be forgotten by a reload. */
const isListed: ReadonlySet<string> = new Set(["Success", "Error", "TimedOut"]);

/** `finishedMax` is where the list of finished jobs was cut off. */
export function lastHour(jobs: readonly Job[], now: number, finishedMax: number): Hour {
  const counted = jobs.filter(({ finishedReason }) => finishedReason === undefined || isListed.has(finishedReason));
  const ends = counted.filter(({ state }) => state === "Finished").map(({ time }) => time);
  const oldest = Math.min(...ends);
  const isCut = ends.length >= finishedMax && oldest > now - minutesShown * minuteMs;
  return { minutes: minutesOf(counted, now), since: isCut ? oldest : undefined };
}

/** The minutes up to now, oldest first. A finished job's start is known only roughly: it ran since it was queued. */
function minutesOf(jobs: readonly Job[], now: number): readonly Minute[] {
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
