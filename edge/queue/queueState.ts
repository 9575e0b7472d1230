// The few numbers of a queue that are not a job's: kept as one JSON document, written only when they changed.

import * as v from "valibot";
import type { QueueHash } from "../../wire/ids.ts";
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
  waitingBytes: v.number(),
  finished: v.number(),
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
    waitingBytes: 0,
    finished: 0,
    sweepAt: null,
    wakeAt: null,
    clock: 0,
  };
}

export function readQueueState(sql: Sql, queue: QueueHash): QueueState | undefined {
  const [row] = sql.all("SELECT state FROM queues WHERE queue = ?", queue);
  return row ? v.parse(StateSchema, JSON.parse(text(row, "state"))) : undefined;
}

export function writeQueueState(sql: Sql, queue: QueueHash, state: QueueState): void {
  sql.all(
    "INSERT INTO queues (queue, state) VALUES (?, ?) ON CONFLICT (queue) DO UPDATE SET state = excluded.state",
    queue,
    JSON.stringify(state),
  );
}
