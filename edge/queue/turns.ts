// How a queue's turns run: what is due is settled, the event changes rows, work is given out, the queue's own row follows and
// the alarm is armed, all in one transaction. What is kept in memory beside the rows is here.

import type { QueueHash } from "../../wire/ids.ts";
import type { QueueSettings } from "../limits.ts";
import { assignWaiting } from "./assign.ts";
import { Broadcast } from "./broadcast.ts";
import { sendCalls } from "./callbacks.ts";
import { Counters } from "./counters.ts";
import { arm, settleDue } from "./deadlines.ts";
import { Load } from "./load.ts";
import { newQueueState, type QueueRow, type QueueState, readQueueRow, sameState, writeQueueRow } from "./queueState.ts";
import { migrate, schemaExists } from "./schema.ts";
import type { Sessions } from "./sessions.ts";
import { emptySql, type Sql } from "./sql.ts";
import { type Effect, Turn } from "./turn.ts";

export interface QueueParts {
  readonly sql: Sql;
  readonly queue: QueueHash;
  readonly settings: QueueSettings;
  readonly sessions: Sessions;
  /** Random text for the epoch of a queue that is made. */
  readonly randomEpoch: () => string;
}

export interface TurnResult<T> {
  readonly reply: T;
  readonly effects: readonly Effect[];
}

export class Turns {
  readonly #parts: QueueParts;
  /** Undefined until something is written to this queue. */
  #row: QueueRow | undefined;
  #clock = 0;
  readonly #broadcast = new Broadcast();
  readonly #load = new Load();

  constructor(parts: QueueParts) {
    this.#parts = parts;
    const { sql, queue } = parts;
    if (!schemaExists(sql)) return;
    migrate(sql);
    this.#row = readQueueRow(sql, queue);
  }

  /** Whether anything was ever written to this queue. */
  get exists(): boolean {
    return this.#row !== undefined;
  }

  run<T>(now: number, event: (turn: Turn) => T, { isNew = false } = {}): TurnResult<T> {
    const { sql, sessions } = this.#parts;
    const before = this.#row;
    sessions.begin();
    try {
      const result = sql.transaction(() => {
        if (!before && !schemaExists(sql)) migrate(sql);
        const state = { ...(before?.state ?? newQueueState(this.#parts.randomEpoch())) };
        const turn = this.#newTurn(now, state);
        settleDue(turn, isNew);
        const reply = event(turn);
        if (turn.assignable) assignWaiting(turn);
        sendCalls(turn);
        const effects = turn.finish();
        arm(turn);
        const row = { state, counters: turn.counters.values() };
        if (!before || turn.counters.changed || !sameState(before.state, state)) {
          state.clock = turn.now;
          writeQueueRow(sql, turn.queue, row);
        }
        this.#row = row;
        return { reply, effects };
      });
      sessions.commit();
      return result;
    } catch (error) {
      sessions.rollback();
      this.#row = before;
      this.#load.forget();
      throw error;
    }
  }

  /** Looks without changing anything; a queue that does not exist looks like an empty one. */
  read<T>(now: number, look: (turn: Turn) => T): TurnResult<T> {
    const sql = this.#row ? this.#parts.sql : emptySql;
    const turn = this.#newTurn(now, { ...(this.#row?.state ?? newQueueState("")) }, sql);
    const reply = look(turn);
    return { reply, effects: turn.finish() };
  }

  #newTurn(now: number, state: QueueState, sql: Sql = this.#parts.sql): Turn {
    // Time never goes back, whatever the machine's clock does.
    this.#clock = Math.max(this.#clock, now, state.clock);
    const { queue, settings, sessions } = this.#parts;
    const kept = { broadcast: this.#broadcast, load: this.#load, counters: new Counters(this.#row?.counters ?? {}) };
    return new Turn({ sql, queue, now: this.#clock, settings, sessions, state, ...kept });
  }
}
