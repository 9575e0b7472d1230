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
  /** What the containers of steps have written, as far as it was seen. */
  readonly #written = new Map<string, number>();
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
  begin(container: string): void {
    const { engine, pids, log } = this.#options;
    this.#container = container;
    const limiting = engine.limitPids(container, pids).catch((error: unknown) => {
      log({ event: "build step not limited", level: "warn", message: messageOf(error) });
    });
    this.#limiting.push(limiting);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#watching, ...this.#limiting]);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { engine, diskBytes, now, log } = this.#options;
    let pauseMs = diskLookMs;
    while (!signal.aborted) {
      try {
        await sleep(pauseMs, signal);
        const container = this.#container;
        if (container === undefined) continue;
        const from = now();
        const bytes = await engine.writtenBytes(container, signal);
        // Of one that has ended nothing is known any more, but its layer stays.
        this.#written.set(container, Math.max(bytes, this.#written.get(container) ?? 0));
        const all = [...this.#written.values()].reduce((sum, each) => sum + each, 0);
        if (all > diskBytes) {
          this.#over.abort(
            `its steps wrote ${sizeText(all)} to disk, more than the ${sizeText(diskBytes)} that this agent's operator allows`,
          );
          return;
        }
        pauseMs = Math.max(diskLookMs, (now() - from) * diskLookShare);
      } catch (error) {
        if (!signal.aborted) log({ event: "build step not looked at", level: "warn", message: messageOf(error) });
      }
    }
  }
}
