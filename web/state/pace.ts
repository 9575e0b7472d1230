// How long what is counted will still take, from how it went since this page first saw it: an agent may have begun before, and
// another job may have paid for the first part.

import { type ReadonlySignal, signal } from "@preact/signals";
import type { Job, Progress } from "../../wire/job.ts";
import { paceMsMin } from "../limits.ts";

interface Sample {
  readonly done: number;
  /** Epoch ms of this page. */
  readonly at: number;
}

export interface Pace {
  readonly what: string;
  readonly first: Sample;
  readonly last: Sample;
  readonly total: number;
}

export interface PaceSeen {
  /** Undefined while nothing can be said. */
  readonly leftMs: ReadonlySignal<number | undefined>;
  /** Takes note of the state of the job in view. */
  note(id: string, job: Job | undefined, now: number): void;
}

export function createPace(): PaceSeen {
  const left = signal<number | undefined>(undefined);
  let pace: Pace | undefined;
  return {
    leftMs: left,
    note(id, job, now) {
      pace = job?.progress && paced(pace, `${id} ${job.queuedTime}`, job.progress, now);
      left.value = pace && leftMs(pace);
    },
  };
}

/** Steps differ too much for one to tell of the next; only bytes have a pace. */
export function paced(before: Pace | undefined, run: string, progress: Progress, at: number): Pace | undefined {
  const { phase, amount } = progress;
  if (amount?.unit !== "bytes" || amount.total === 0) return undefined;
  const { done, total } = amount;
  const what = `${run} ${phase}`;
  const goesOn = before?.what === what && done >= before.last.done;
  const first = goesOn ? before.first : { done, at };
  return { what, first, last: { done, at }, total };
}

export function leftMs({ first, last, total }: Pace): number | undefined {
  const ms = last.at - first.at;
  const bytes = last.done - first.done;
  if (ms < paceMsMin || bytes <= 0 || last.done >= total) return undefined;
  return ((total - last.done) * ms) / bytes;
}

/** As exact as it can be meant. */
export function leftText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return "a few seconds left";
  if (seconds < 55) return `about ${Math.round(seconds / 10) * 10} s left`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `about ${minutes} min left`;
  return `about ${Math.round(minutes / 60)} h left`;
}
