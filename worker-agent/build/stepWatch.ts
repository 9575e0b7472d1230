// Holds the steps of a build to what a job may have: the engine's builder knows no limit of processes or disk.

import type { Engine } from "../docker/engine.ts";
import { messageOf } from "../fault.ts";
import { sizeText } from "../job/allowance.ts";
import { diskLookMs, diskLookShare } from "../limits.ts";
import type { LogSink } from "../log.ts";
import { sleep } from "../retry.ts";

export interface StepWatchOptions {
  readonly engine: Engine;
  readonly pids: number;
  /** What all steps may write together. */
  readonly diskBytes: number;
  readonly now: () => number;
  readonly log: LogSink;
}

export class StepWatch {
  readonly #options: StepWatchOptions;
  readonly #over = new AbortController();
  readonly #closing = new AbortController();
  readonly #limiting: Promise<void>[] = [];
  readonly #watching: Promise<void>;
  /** What the layers of all steps that have ended take. */
  #layerBytes = 0;
  /** The size of the image that the next layer comes upon. */
  #below = 0;
  #counting = Promise.resolve();
  #container: string | undefined;

  constructor(options: StepWatchOptions) {
    this.#options = options;
    this.#watching = this.#watch(this.#closing.signal);
  }

  /** Aborted, with a sentence as its reason, once the steps have written too much. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** A step's container is about to start, or has: the engine says so a moment before, and the limit may come a moment after. */
  readonly begin = (container: string): void => {
    const { engine, pids, log } = this.#options;
    this.#container = container;
    const limiting = engine.limitPids(container, pids).catch((error: unknown) => {
      log({ event: "build step not limited", level: "warn", message: messageOf(error) });
    });
    this.#limiting.push(limiting);
  };

  /** A step has ended with that image. */
  readonly made = (image: string, isBase: boolean): void => {
    this.#counting = this.#counting.then(async () => {
      const { engine, log } = this.#options;
      try {
        const { bytes = 0 } = (await engine.images.find(image, this.#closing.signal)) ?? {};
        if (!isBase) this.#layerBytes += Math.max(0, bytes - this.#below);
        this.#below = bytes;
        this.#look(this.#layerBytes);
      } catch (error) {
        if (!this.#closing.signal.aborted)
          log({ event: "build step not looked at", level: "warn", message: messageOf(error) });
      }
    });
  };

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#watching, this.#counting, ...this.#limiting]);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { engine, now, log } = this.#options;
    let pauseMs = diskLookMs;
    while (!signal.aborted) {
      try {
        await sleep(pauseMs, signal);
        const container = this.#container;
        if (container === undefined) continue;
        const from = now();
        // Its own layer may be counted while the engine counts its files.
        const before = this.#layerBytes;
        const bytes = await engine.writtenBytes(container, signal);
        this.#look(before + bytes);
        pauseMs = Math.max(diskLookMs, (now() - from) * diskLookShare);
      } catch (error) {
        if (!signal.aborted) log({ event: "build step not looked at", level: "warn", message: messageOf(error) });
      }
    }
  }

  #look(all: number): void {
    const { diskBytes } = this.#options;
    if (all <= diskBytes || this.#over.signal.aborted) return;
    this.#over.abort(
      `its steps wrote ${sizeText(all)} to disk, more than the ${sizeText(diskBytes)} that this agent's operator allows`,
    );
  }
}
