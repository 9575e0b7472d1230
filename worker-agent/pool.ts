// Several things at a time, as one: the first failure ends the others.

/** Resolves when all are done. The first failure aborts the others and is thrown once they have ended. */
export async function eachAtOnce<T>(
  items: Iterable<T>,
  atOnce: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const failures: unknown[] = [];
  const queue = items[Symbol.iterator]();
  const run = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      if (either.aborted) return;
      try {
        await work(next.value, either);
      } catch (error) {
        failures.push(error);
        failed.abort(error);
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, run));
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}

/** Different work at the same time. The first failure aborts the others. */
export class Together {
  readonly #signal: AbortSignal;
  readonly #failed = new AbortController();
  readonly #running: Promise<unknown>[] = [];

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  async begin<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const running = work(AbortSignal.any([this.#signal, this.#failed.signal]));
    // Whoever waits for this part hears of its failure; here it ends the others.
    running.catch((error: unknown) => this.#failed.abort(error));
    this.#running.push(running);
    return await running;
  }

  /** The results, once every part has ended. Throws what failed first. */
  async all<T>(results: Promise<T>): Promise<T> {
    results.catch(() => {});
    await Promise.allSettled(this.#running);
    this.#signal.throwIfAborted();
    this.#failed.signal.throwIfAborted();
    return await results;
  }
}
