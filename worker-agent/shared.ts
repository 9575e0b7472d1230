// Work that several wait for and that is done once: a pull, a download. It is aborted when the last of them has gone.

interface Entry<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiters: number;
}

export class SharedWork<T> {
  readonly #entries = new Map<string, Entry<T>>();

  /** Joins the work of that key, or begins it. Leaves when `signal` is aborted. */
  async join(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const entry = this.#entries.get(key) ?? this.#begin(key, work);
    entry.waiters += 1;
    let leave = () => {};
    const left = new Promise<never>((_resolve, reject) => {
      leave = () => reject(signal.reason);
      signal.addEventListener("abort", leave, { once: true });
      // The work may have begun by telling something that made this one leave.
      if (signal.aborted) leave();
    });
    try {
      return await Promise.race([entry.result, left]);
    } finally {
      signal.removeEventListener("abort", leave);
      entry.waiters -= 1;
      if (entry.waiters === 0) {
        // Who comes now must not join work that is being aborted.
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
        entry.controller.abort();
      }
    }
  }

  #begin(key: string, work: (signal: AbortSignal) => Promise<T>): Entry<T> {
    const controller = new AbortController();
    const entry: Entry<T> = { result: work(controller.signal), controller, waiters: 0 };
    this.#entries.set(key, entry);
    // Each waiter gets the failure itself; here it only ends the entry.
    entry.result.catch(() => {}).finally(() => this.#entries.get(key) === entry && this.#entries.delete(key));
    return entry;
  }
}
