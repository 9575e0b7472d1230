// Frames of a watching session until its reader takes them. A reader that is slower than they come loses them, and is told:
// everything they said can be read again from the queue.

import type { FrameSink } from "../deployment.ts";

export type Arrival =
  | { readonly type: "frames"; readonly frames: readonly string[] }
  /** Frames were dropped. */
  | { readonly type: "missed" }
  | { readonly type: "nothing" }
  | { readonly type: "closed" };

export class FrameInbox implements FrameSink {
  readonly #charsMax: number;
  #frames: string[] = [];
  #chars = 0;
  #missed = false;
  #closed = false;
  #wake = () => {};

  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  frame(text: string): void {
    if (this.#closed) return;
    this.#chars += text.length;
    if (this.#chars > this.#charsMax) {
      this.#missed = true;
      this.#frames = [];
      this.#chars = 0;
    }
    if (!this.#missed) this.#frames.push(text);
    this.#wake();
  }

  closed(): void {
    this.#closed = true;
    this.#wake();
  }

  /** What has come, waiting that long at most for something to come. */
  async take(waitMs: number): Promise<Arrival> {
    if (this.#isEmpty()) await this.#arrival(waitMs);
    if (this.#missed) {
      this.#missed = false;
      return { type: "missed" };
    }
    if (this.#frames.length > 0) {
      const frames = this.#frames;
      this.#frames = [];
      this.#chars = 0;
      return { type: "frames", frames };
    }
    return { type: this.#closed ? "closed" : "nothing" };
  }

  #isEmpty(): boolean {
    return this.#frames.length === 0 && !this.#missed && !this.#closed;
  }

  #arrival(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
