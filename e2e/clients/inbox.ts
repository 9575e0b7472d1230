// What has arrived on a socket or a pipe, in order, and waiting for what has not.

import { answerMs } from "../limits.ts";
import { within } from "./until.ts";

export class Inbox<T> {
  readonly all: T[] = [];
  #closed: string | undefined;
  #arrivals = new Set<() => void>();

  push(item: T): void {
    this.all.push(item);
    this.#wake();
  }

  /** Nothing more comes: whoever waits fails at once, and is told why. */
  close(why: string): void {
    this.#closed = why;
    this.#wake();
  }

  /** What `pick` makes of the first item, from number `from` on, of which it makes anything. */
  find<U>(what: string, pick: (item: T) => U | undefined, { from = 0, limitMs = answerMs } = {}): Promise<U> {
    return within(what, this.#find(what, pick, from), () => this.all.slice(from).slice(-20), limitMs);
  }

  async #find<U>(what: string, pick: (item: T) => U | undefined, from: number): Promise<U> {
    for (let i = from; ; ) {
      for (; i < this.all.length; i++) {
        const item = this.all[i];
        const picked = item === undefined ? undefined : pick(item);
        if (picked !== undefined) return picked;
      }
      if (this.#closed !== undefined) throw new Error(`No ${what}: ${this.#closed}`);
      await new Promise<void>((resolve) => this.#arrivals.add(resolve));
    }
  }

  #wake(): void {
    const waiting = [...this.#arrivals];
    this.#arrivals.clear();
    for (const wake of waiting) wake();
  }
}
