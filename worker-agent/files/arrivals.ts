// How far the downloads of a job's inputs are, told now and then. How much there is in all is known once each has said its
// length: until then people see files, and what has come.

import type { ProgressNote } from "../job/phases.ts";
import { progressEveryMs } from "../limits.ts";

/** One file's part of it. */
export interface Arrival {
  /** What this try will bring; undefined where its server doesn't say. */
  expects(bytes: number | undefined): void;
  /** So much of it has come, in this try. */
  came(bytes: number): void;
  /** It is here, however it came. */
  done(): void;
}

export interface ArrivalsOptions {
  readonly files: number;
  readonly tell: (note: ProgressNote) => void;
  readonly now: () => number;
}

export class Arrivals {
  readonly #options: ArrivalsOptions;
  #filesDone = 0;
  #lengthsKnown = 0;
  #bytes = 0;
  #total = 0;
  #toldAt: number;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
    this.#toldAt = options.now();
  }

  /** What a second try brings again is not counted again. */
  next(): Arrival {
    let expected: number | undefined;
    let most = 0;
    const know = (bytes: number) => {
      if (expected === undefined) this.#lengthsKnown += 1;
      this.#total += bytes - (expected ?? 0);
      expected = bytes;
    };
    return {
      expects: (bytes) => {
        if (bytes !== undefined) know(bytes);
      },
      came: (bytes) => {
        this.#bytes += Math.max(0, bytes - most);
        most = Math.max(most, bytes);
        this.#news();
      },
      done: () => {
        // What was here already brought nothing.
        know(most);
        this.#filesDone += 1;
        this.#news();
      },
    };
  }

  #news(): void {
    const { files, now, tell } = this.#options;
    if (now() - this.#toldAt < progressEveryMs) return;
    this.#toldAt = now();
    const total = this.#lengthsKnown < files ? 0 : Math.max(this.#total, this.#bytes);
    tell({
      ...(files > 1 ? { message: `${this.#filesDone} of ${files} files` } : {}),
      amount: { done: this.#bytes, total, unit: "bytes" },
    });
  }
}
