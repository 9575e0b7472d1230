// How a queue's turns run: what is due is settled, events change rows, work is given out, the queue's own row follows and
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
  #isUnderWay = false;
  /** The turn that is under way, from its first event on that may change something. */
  #turn: Turn | undefined;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    const { sql, queue } = parts;
    if (!schemaExists(sql)) return;
    migrate(sql);
    this.#row = readQueueRow(sql, queue);
  }

  /** Whether anything was ever written to this queue. */
  get exists(): boolean {
    return this.#row !== undefined || this.#turn !== undefined;
  }

  /** One event: a turn of its own, or a part of the one that is under way, whose effects leave with that. */
  run<T>(now: number, event: (turn: Turn) => T, { isNew = false } = {}): TurnResult<T> {
    const inTurn = () => {
      this.#turn ??= this.#begin(now, isNew);
      return event(this.#turn);
    };
    return this.#isUnderWay ? { reply: inTurn(), effects: [] } : this.together(inTurn);
  }

  /** What is run within `events` is one turn: all of it or, if any of it fails, nothing. */
  together<T>(events: () => T): TurnResult<T> {
    const { sql, sessions } = this.#parts;
    const before = this.#row;
    sessions.begin();
    this.#isUnderWay = true;
    try {
      const result = sql.transaction(() => {
        const reply = events();
        return { reply, effects: this.#turn ? this.#end(this.#turn) : [] };
      });
      sessions.commit();
      return result;
    } catch (error) {
      sessions.rollback();
      this.#row = before;
      this.#load.forget();
      throw error;
    } finally {
      this.#isUnderWay = false;
      this.#turn = undefined;
    }
  }

  /** Looks without changing anything; a queue that does not exist looks like an empty one. */
  read<T>(now: number, look: (turn: Turn) => T): TurnResult<T> {
    if (this.#turn) return { reply: look(this.#turn), effects: [] };
    const sql = this.#row ? this.#parts.sql : emptySql;
    const turn = this.#newTurn(now, { ...(this.#row?.state ?? newQueueState("")) }, sql);
    return { reply: look(turn), effects: turn.answers };
  }

  #begin(now: number, isNew: boolean): Turn {
    const { sql, randomEpoch } = this.#parts;
    if (!this.#row && !schemaExists(sql)) migrate(sql);
    const turn = this.#newTurn(now, { ...(this.#row?.state ?? newQueueState(randomEpoch())) });
    settleDue(turn, isNew);
    return turn;
  }

  #end(turn: Turn): readonly Effect[] {
    if (turn.assignable) assignWaiting(turn);
    sendCalls(turn);
    const effects = turn.finish();
    arm(turn);
    const { state, counters } = turn;
    const before = this.#row;
    this.#row = { state, counters: counters.values() };
    if (!before || counters.changed || !sameState(before.state, state)) {
      state.clock = turn.now;
      writeQueueRow(turn.sql, turn.queue, this.#row);
    }
    return effects;
  }

  #newTurn(now: number, state: QueueState, sql: Sql = this.#parts.sql): Turn {
    // Time never goes back, whatever the machine's clock does.
    this.#clock = Math.max(this.#clock, now, state.clock);
    const { queue, settings, sessions } = this.#parts;
    const kept = { broadcast: this.#broadcast, load: this.#load, counters: new Counters(this.#row?.counters ?? {}) };
    return new Turn({ sql, queue, now: this.#clock, settings, sessions, state, ...kept });
  }
}
