// The phases of a run for the timeline: exact from its result, live from what the queue announced.

import { type ReadonlySignal, signal } from "@preact/signals";
import type { Job } from "../../wire/job.ts";
import type { JobPhase, JobResult } from "../../wire/result.ts";

export interface Phase {
  readonly name: "queued" | JobPhase;
  /** Epoch ms. */
  readonly from: number;
  /** Undefined while it goes on. */
  readonly to: number | undefined;
}

export interface Phases {
  readonly seen: ReadonlySignal<readonly Phase[]>;
  /** Takes note of the state of the job in view. */
  note(id: string, job: Job | undefined): void;
}

export function createPhases(): Phases {
  const seen = signal<readonly Phase[]>([]);
  let run = "";
  return {
    seen,
    note(id, job) {
      const now = job ? `${id} ${job.queuedTime}` : "";
      const before = now === run ? seen.peek() : [];
      run = now;
      const next = job ? noted(before, job) : [];
      if (next !== seen.peek()) seen.value = next;
    },
  };
}

/** The phases after a job's newest state; the same array when nothing began or ended. */
export function noted(before: readonly Phase[], job: Job): readonly Phase[] {
  if (job.state === "Finished" || job.state === "Removed") return ended(before, job.time);
  const name = job.state === "Queued" ? "queued" : job.progress?.phase;
  const from = job.state === "Queued" ? job.queuedTime : (job.progress?.since ?? job.time);
  const queued: readonly Phase[] = [{ name: "queued", from: job.queuedTime, to: undefined }];
  const known = before.length > 0 ? before : queued;
  const last = known.at(-1);
  if (name === undefined) return ended(known, job.time);
  if (last?.name === name && last.to === undefined) return known;
  return [...ended(known, from), { name, from, to: undefined }];
}

/** The phases of a finished run, as its agent measured them. */
export function phasesOf(job: Job, result: JobResult | undefined): readonly Phase[] {
  const times = result?.phases ?? [];
  const last = times.at(-1);
  if (!last) return [];
  const start = job.time - (last.start + last.ms);
  return [
    // An answer from a stored result was asked for after it was made.
    { name: "queued", from: Math.min(job.queuedTime, start), to: start },
    ...times.map(({ phase, start: at, ms }) => ({ name: phase, from: start + at, to: start + at + ms })),
  ];
}

function ended(phases: readonly Phase[], at: number): readonly Phase[] {
  if (phases.every(({ to }) => to !== undefined)) return phases;
  return phases.map((phase) => (phase.to === undefined ? { ...phase, to: Math.max(at, phase.from) } : phase));
}
