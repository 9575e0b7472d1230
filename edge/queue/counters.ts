// What has happened in this queue since it was made, for its metrics: counted as it happens, never by looking through rows.

import * as v from "valibot";
import type { FinishedReason } from "../../wire/result.ts";
import { durationBucketsMs } from "../limits.ts";

/** How long jobs took to be started (`waited`), and how long they ran. */
export type Timing = "waited" | "ran";

export type Counter =
  | `submitted.${"queued" | "joined" | "cached"}`
  | `finished.${FinishedReason}`
  | "lost"
  | `webhook.${"delivered" | "refused" | "givenUp"}`
  | `${Timing}.${"sum" | number}`;

export const CountersSchema = v.record(v.string(), v.number());
export type CounterValues = Readonly<v.InferOutput<typeof CountersSchema>>;

/** The counters of one turn: what was counted before, and what this turn adds. */
export class Counters {
  readonly #before: CounterValues;
  readonly #added = new Map<string, number>();

  constructor(before: CounterValues) {
    this.#before = before;
  }

  add(counter: Counter, by = 1): void {
    this.#added.set(counter, (this.#added.get(counter) ?? 0) + by);
  }

  /** Puts a time into the bucket that it belongs to; the last bucket has no upper end. */
  observe(timing: Timing, ms: number): void {
    const bucket = durationBucketsMs.findIndex((limit) => ms <= limit);
    this.add(`${timing}.${bucket < 0 ? durationBucketsMs.length : bucket}`);
    this.add(`${timing}.sum`, ms);
  }

  get changed(): boolean {
    return this.#added.size > 0;
  }

  values(): CounterValues {
    if (!this.changed) return this.#before;
    const values: Record<string, number> = { ...this.#before };
    for (const [counter, by] of this.#added) values[counter] = (values[counter] ?? 0) + by;
    return values;
  }
}

/** How many jobs were timed. */
export function timed(values: CounterValues, timing: Timing): number {
  return durationBucketsMs.reduce(
    (sum, _, bucket) => sum + (values[`${timing}.${bucket}`] ?? 0),
    values[`${timing}.${durationBucketsMs.length}`] ?? 0,
  );
}
