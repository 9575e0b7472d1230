// The queues that are in memory: those that were ever written to, and those that somebody is connected to. Each has its alarm.

import { randomBytes } from "node:crypto";
import type { QueueHash } from "../../wire/ids.ts";
import type { QueueSettings } from "../limits.ts";
import { Queue } from "../queue/queue.ts";
import { Sessions } from "../queue/sessions.ts";
import type { Sql } from "../queue/sql.ts";
import type { Turn } from "../queue/turn.ts";

interface OpenQueue {
  readonly queue: Queue;
  readonly sessions: Sessions;
  alarm: NodeJS.Timeout | undefined;
}

export interface OpenQueuesParts {
  readonly sql: Sql;
  readonly settings: QueueSettings;
  readonly now: () => number;
  /** The queue starts before anything else is asked of it. */
  readonly onOpen: (hash: QueueHash) => void;
  readonly onAlarm: (hash: QueueHash) => void;
}

// setTimeout's delay is a 32-bit integer; a longer wait is taken in steps.
const timeoutMsMax = 2 ** 31 - 1;

export class OpenQueues {
  readonly #parts: OpenQueuesParts;
  readonly #open = new Map<QueueHash, OpenQueue>();

  constructor(parts: OpenQueuesParts) {
    this.#parts = parts;
  }

  get(hash: QueueHash): Queue {
    const known = this.#open.get(hash);
    if (known) return known.queue;
    const opened = this.#new(hash);
    this.#open.set(hash, opened);
    this.#parts.onOpen(hash);
    return opened.queue;
  }

  /** A queue that is only looked at is not kept. */
  look<T>(hash: QueueHash, what: (turn: Turn) => T): T {
    const { queue } = this.#open.get(hash) ?? this.#new(hash);
    return queue.read(this.#parts.now(), what);
  }

  /** Of a queue that nobody has written to, nothing is kept once its last session is gone. */
  dismiss(hash: QueueHash): void {
    const known = this.#open.get(hash);
    if (known && !known.queue.exists && known.sessions.size === 0) this.#open.delete(hash);
  }

  /** The next event reads it again from its rows. Returns the sessions that it had. */
  forget(hash: QueueHash): readonly string[] {
    const known = this.#open.get(hash);
    clearTimeout(known?.alarm);
    this.#open.delete(hash);
    return known?.sessions.ids() ?? [];
  }

  arm(hash: QueueHash, at: number): void {
    const known = this.#open.get(hash);
    if (!known) return;
    clearTimeout(known.alarm);
    const delay = Math.max(0, at - this.#parts.now());
    const ring = () => (delay > timeoutMsMax ? this.arm(hash, at) : this.#parts.onAlarm(hash));
    known.alarm = setTimeout(ring, Math.min(delay, timeoutMsMax));
  }

  disarm(): void {
    for (const { alarm } of this.#open.values()) clearTimeout(alarm);
  }

  get size(): number {
    return this.#open.size;
  }

  #new(hash: QueueHash): OpenQueue {
    const { sql, settings } = this.#parts;
    const sessions = new Sessions();
    const randomEpoch = () => randomBytes(5).toString("hex");
    return { queue: new Queue({ sql, queue: hash, settings, sessions, randomEpoch }), sessions, alarm: undefined };
  }
}
