// Waiting and trying again: full jitter, a cap, and only for failures that the caller calls retryable.

import { setTimeout as after } from "node:timers/promises";
import { timerMsMax } from "./limits.ts";

export interface Backoff {
  readonly tries: number;
  readonly baseMs: number;
  readonly capMs: number;
}

/** A random delay below the doubled base, never above the cap. `failures` counts from 0. */
export function jitteredMs(failures: number, { baseMs, capMs }: Omit<Backoff, "tries">, random: () => number): number {
  return Math.round(random() * Math.min(capMs, baseMs * 2 ** Math.min(failures, 30)));
}

/** Does the work until it succeeds, fails for good, or has failed `tries` times. */
export async function retrying<T>(
  work: () => Promise<T>,
  {
    backoff,
    retryable,
    random,
    signal,
  }: {
    readonly backoff: Backoff;
    readonly retryable: (error: unknown) => boolean;
    readonly random: () => number;
    readonly signal: AbortSignal;
  },
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || failures + 1 >= backoff.tries || !retryable(error)) throw error;
      await sleep(jitteredMs(failures, backoff, random), signal);
    }
  }
}

/** @throws the signal's reason when it is aborted first. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await after(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** A signal that is aborted with the given one, or after so long. */
export function within(ms: number, signal?: AbortSignal): AbortSignal {
  const limit = AbortSignal.timeout(Math.min(ms, timerMsMax));
  return signal ? AbortSignal.any([signal, limit]) : limit;
}

/** The promise's value, or undefined once the time is over or the signal aborted; the promise itself goes on. */
export async function settledWithin<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([promise, after(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
  } finally {
    timer.abort();
  }
}
