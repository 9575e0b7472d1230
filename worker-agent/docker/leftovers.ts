// How containers go, also from an engine that is away: what can't be removed then is removed when it answers again.

import { messageOf } from "../fault.ts";
import { engineRestartMs, engineRetry } from "../limits.ts";
import type { LogSink } from "../log.ts";
import { retrying, within } from "../retry.ts";
import { EngineError, isEngineLoss } from "./engineAnswers.ts";

type Remove = (id: string, signal?: AbortSignal) => Promise<void>;

export class Leftovers {
  readonly #removeOnce: Remove;
  readonly #left = new Map<string, () => Promise<void>>();
  #trying = false;

  constructor(removeOnce: Remove) {
    this.#removeOnce = removeOnce;
  }

  get size(): number {
    return this.#left.size;
  }

  /** Without a signal, resolves also when it is left for later. */
  async remove(id: string, signal?: AbortSignal): Promise<void> {
    const limit = within(engineRestartMs);
    // An engine that is known to be away is not waited for again.
    const tries = signal === undefined && this.size > 0 ? 1 : Number.POSITIVE_INFINITY;
    try {
      await retrying(() => this.#removeOnce(id, signal), {
        backoff: { tries, ...engineRetry },
        // The one conflict there can be is somebody else's removal.
        retryable: (error) => isEngineLoss(error) || (error instanceof EngineError && error.status === 409),
        random: Math.random,
        signal: signal ?? limit,
      });
    } catch (error) {
      if (signal !== undefined || !(isEngineLoss(error) || limit.aborted)) throw error;
      this.leave(id);
    }
  }

  leave(id: string): void {
    this.add(id, () => this.#removeOnce(id));
  }

  /** `remove` may be called again and again. */
  add(name: string, remove: () => Promise<void>): void {
    this.#left.set(name, remove);
  }

  /** The engine answers. Says in one line what came of it. */
  async retry(log: LogSink): Promise<void> {
    if (this.#trying || this.size === 0) return;
    this.#trying = true;
    let gone = 0;
    try {
      for (const [name, remove] of [...this.#left]) {
        const error: unknown = await remove().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (isEngineLoss(error)) break;
        this.#left.delete(name);
        if (error === undefined) gone += 1;
        else log({ event: "left over", level: "warn", message: `${name}: ${messageOf(error)}` });
      }
    } finally {
      this.#trying = false;
    }
    const message = `${gone} that could not be removed while the engine was away.`;
    if (gone > 0) log({ event: "leftovers removed", message });
  }
}
