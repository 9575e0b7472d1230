// The few numbers of a queue that are not a job's: kept as one JSON document, written only when they changed.

import * as v from "valibot";
import type { QueueHash } from "../../wire/ids.ts";
import { CountersSchema, type CounterValues } from "./counters.ts";
import { type Sql, text } from "./sql.ts";

const StateSchema = v.object({
  /** Random at creation: attempts of a queue that was lost and made again never equal older ones. */
  epoch: v.string(),
  /** The last attempt given; never restarts. It is also the revision that agents name. */
  attempt: v.number(),
  /** Place in line of the next job. */
  seq: v.number(),
  /** The line served next. */
  line: v.picklist([0, 1]),
  waiting: v.number(),
  running: v.number(),
  waitingBytes: v.number(),
  finished: v.number(),
  /** Webhooks that are not delivered yet. */
  calls: v.number(),
  /** The number of the last webhook. */
  lastCall: v.number(),
  sweepAt: v.nullable(v.number()),
  /** The armed alarm. */
  wakeAt: v.nullable(v.number()),
  /** The latest time seen when this was written; time never goes back before it. */
  clock: v.number(),
});
export type QueueState = v.InferOutput<typeof StateSchema>;

export function newQueueState(epoch: string): QueueState {
  return {
    epoch,
    attempt: 0,
    seq: 0,
    line: 0,
    waiting: 0,
    running: 0,
    waitingBytes: 0,
    finished: 0,
    calls: 0,
    lastCall: 0,
    sweepAt: null,
    wakeAt: null,
    clock: 0,
  };
}

export function sameState(a: QueueState, b: QueueState): boolean {
  const others = Object.values(b);
  return Object.values(a).every((value, index) => value === others[index]);
}

/** A queue's own row. */
export interface QueueRow {
  readonly state: QueueState;
  readonly counters: CounterValues;
}

export function readQueueRow(sql: Sql, queue: QueueHash): QueueRow | undefined {
  const [row] = sql.all("SELECT state, counters FROM queues WHERE queue = ?", queue);
  if (!row) return undefined;
  return {
    state: v.parse(StateSchema, JSON.parse(text(row, "state"))),
    counters: v.parse(CountersSchema, JSON.parse(text(row, "counters"))),
  };
}

export function writeQueueRow(sql: Sql, queue: QueueHash, { state, counters }: QueueRow): void {
  sql.all(
    `INSERT INTO queues (queue, state, counters) VALUES (?, ?, ?)
     ON CONFLICT (queue) DO UPDATE SET state = excluded.state, counters = excluded.counters`,
    queue,
    JSON.stringify(state),
    JSON.stringify(counters),
  );
}
