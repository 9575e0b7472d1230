// How far several transfers are together, told now and then: bytes for a bar, and what is tried again.

import type { ProgressNote } from "../job/phases.ts";
import { progressEveryMs } from "../limits.ts";

/** One transfer's part of it. */
export interface TransferWatch {
  /** So much of it has left, in this try. */
  sent(bytes: number): void;
  /** A try has failed; there will be another. */
  failed(why: string): void;
}

export class Tally {
  readonly #total: number;
  readonly #tell: (note: ProgressNote) => void;
  readonly #now: () => number;
  #done = 0;
  #trouble: string | undefined;
  #toldAt: number;

  constructor({ total, tell, now }: { total: number; tell: (note: ProgressNote) => void; now: () => number }) {
    this.#total = total;
    this.#tell = tell;
    this.#now = now;
    this.#toldAt = now();
  }

  /** What a try sends again is not counted again. */
  watch(): TransferWatch {
    let most = 0;
    return {
      sent: (bytes) => {
        this.#done += Math.max(0, bytes - most);
        most = Math.max(most, bytes);
        this.#trouble = undefined;
        this.#news();
      },
      failed: (why) => {
        this.#trouble = why;
        this.#news();
      },
    };
  }

  #news(): void {
    if (this.#now() - this.#toldAt < progressEveryMs) return;
    this.#toldAt = this.#now();
    this.#tell({
      amount: { done: Math.min(this.#done, this.#total), total: this.#total, unit: "bytes" },
      ...(this.#trouble === undefined ? {} : { message: `Tried again: ${this.#trouble}` }),
    });
  }
}
