// The group commit that makes queues fast: what arrives in one tick of the event loop is one turn of each queue that it is for,
// and all these turns are one transaction. What they want to tell the world leaves when that is on disk.

import type { QueueHash } from "../../wire/ids.ts";
import type { Queue, QueueEvent } from "./queue.ts";
import type { Sql } from "./sql.ts";
import type { Effect } from "./turn.ts";
import type { TurnResult } from "./turns.ts";

export interface GroupedTurnsParts {
  /** `isInTransaction`: whether it still is after a statement failed. */
  readonly sql: Pick<Sql, "transaction"> & { readonly isInTransaction: boolean };
  readonly now: () => number;
  /** Calls back when the platform has handed over what has arrived. */
  readonly soon: (work: () => void) => void;
  readonly queue: (hash: QueueHash) => Queue;
  readonly carryOut: (hash: QueueHash, effect: Effect) => void;
  readonly onError: (error: unknown, where: string) => void;
  /** A turn of this queue is on disk and carried out. */
  readonly onDone?: (hash: QueueHash) => void;
  /** The disk took nothing of it: what memory knows of the queue is ahead of it. */
  readonly onUndone: (hash: QueueHash) => void;
}

interface Arrived {
  readonly what: string;
  readonly event: QueueEvent;
  readonly answer: () => void;
  readonly fail: (error: unknown) => void;
}

/** The turn of one queue: what leaves, and who is answered, when it is on disk. */
interface Ran {
  readonly hash: QueueHash;
  readonly effects: readonly Effect[];
  readonly answered: readonly Arrived[];
}

export class GroupedTurns {
  readonly #parts: GroupedTurnsParts;
  #arrived = new Map<QueueHash, Arrived[]>();
  #isOver = false;

  constructor(parts: GroupedTurnsParts) {
    this.#parts = parts;
  }

  /** Resolves with the event's reply when its turn is on disk. */
  run<T>(hash: QueueHash, what: string, event: (queue: Queue, now: number) => TurnResult<T>): Promise<T> {
    if (this.#isOver) return Promise.reject(new Error("The server has stopped."));
    if (this.#arrived.size === 0) this.#parts.soon(() => this.flush());
    const arrived = this.#arrived.get(hash) ?? [];
    this.#arrived.set(hash, arrived);
    return new Promise((resolve, reject) => {
      let answer = () => {};
      const effectsOf: QueueEvent = (queue, now) => {
        const { reply, effects } = event(queue, now);
        answer = () => resolve(reply);
        return effects;
      };
      arrived.push({ what, event: effectsOf, answer: () => answer(), fail: reject });
    });
  }

  /** Takes the turns of all that has arrived. */
  flush(): void {
    if (this.#arrived.size === 0) return;
    const arrived = [...this.#arrived];
    this.#arrived = new Map();
    const { sql, carryOut, onDone, onUndone } = this.#parts;
    let ran: readonly Ran[];
    try {
      ran = sql.transaction(() => arrived.flatMap(([hash, events]) => this.#turn(hash, events)));
    } catch (error) {
      for (const [hash] of arrived) onUndone(hash);
      for (const [hash, events] of arrived) for (const each of events) this.#failed(hash, each, error);
      return;
    }
    for (const { hash, effects } of ran) for (const effect of effects) carryOut(hash, effect);
    for (const { answered } of ran) for (const { answer } of answered) answer();
    for (const [hash] of arrived) onDone?.(hash);
  }

  /** What still arrives is too late. */
  end(): void {
    this.flush();
    this.#isOver = true;
  }

  /** A turn that fails is taken back, and its events have turns of their own: only the one at fault fails. */
  #turn(hash: QueueHash, events: readonly Arrived[]): readonly Ran[] {
    const { sql, queue, now } = this.#parts;
    try {
      const all = events.map(({ event }) => event);
      return [{ hash, effects: queue(hash).together(now(), all), answered: events }];
    } catch (error) {
      if (!sql.isInTransaction) throw error;
      if (events.length > 1) return events.flatMap((each) => this.#turn(hash, [each]));
      for (const each of events) this.#failed(hash, each, error);
      return [];
    }
  }

  #failed(hash: QueueHash, { what, fail }: Arrived, error: unknown): void {
    this.#parts.onError(error, `queue ${hash.slice(0, 8)} ${what}`);
    fail(error);
  }
}
