// The namespaces of one agent: some wait for a job, each serves one queue from its first job on, and one that is not as it was
// made is replaced while nobody waits.

import type { QueueHash } from "../../wire/ids.ts";
import { namespacesAhead } from "../limits.ts";
import type { Namespace } from "./namespace.ts";

export interface NamespacesOptions {
  readonly make: () => Promise<Namespace>;
  readonly max: number;
  /** Something went wrong that no job waits for. */
  readonly failed: (error: unknown) => void;
}

export class Namespaces {
  readonly #options: NamespacesOptions;
  /** Made or being made, for any queue. */
  #stock: Promise<Namespace>[] = [];
  readonly #idle = new Map<QueueHash, Namespace[]>();
  readonly #used = new Map<Namespace, QueueHash>();
  /** In use and no longer as it should be. */
  readonly #outdated = new Set<Namespace>();
  readonly #chores = new Set<Promise<void>>();
  #closed = false;

  constructor(options: NamespacesOptions) {
    this.#options = options;
  }

  /** @throws when none can be made. */
  async take(queue: QueueHash): Promise<Namespace> {
    const idle = this.#idleOf(queue);
    for (let own = idle.pop(); own; own = idle.pop()) {
      if (own.alive) return this.#use(own, queue);
      this.#remove(own);
    }
    for (let next = this.#stock.shift(); next; next = this.#stock.shift()) {
      // One that could not be made ahead is tried once more, and then the job hears why.
      const namespace = await next.catch(() => undefined);
      if (namespace?.alive) return this.#use(namespace, queue);
      if (namespace) this.#remove(namespace);
    }
    return this.#use(await this.#options.make(), queue);
  }

  /** Of one that is used: whether another one would be made just so now. */
  isSound(namespace: Namespace): boolean {
    return namespace.alive && !this.#outdated.has(namespace);
  }

  /** For something short of the agent's own, which leaves it as it was. */
  async borrow<T>(work: (namespace: Namespace) => Promise<T>): Promise<T> {
    const namespace = await (this.#stock.shift() ?? this.#options.make());
    this.fill();
    try {
      return await work(namespace);
    } finally {
      if (this.#closed || this.#stock.length >= namespacesAhead) await namespace.remove();
      else this.#stock.unshift(Promise.resolve(namespace));
    }
  }

  /** The job's container is gone. */
  giveBack(namespace: Namespace): void {
    this.#chore(async () => {
      const clean = await namespace.isClean();
      const queue = this.#used.get(namespace);
      this.#used.delete(namespace);
      const outdated = this.#outdated.delete(namespace);
      if (!clean || outdated || queue === undefined || this.#closed) await namespace.remove();
      else this.#idleOf(queue).push(namespace);
      this.fill();
    });
  }

  /** Makes what should wait for jobs. */
  fill(): void {
    if (this.#closed) return;
    while (this.#used.size + this.#sizeOfIdle() > this.#options.max && this.#sizeOfIdle() > 0) this.#removeIdle();
    while (this.#stock.length < namespacesAhead) {
      const making = this.#options.make();
      this.#stock.push(making);
      making.catch((error: unknown) => {
        this.#stock = this.#stock.filter((other) => other !== making);
        this.#options.failed(error);
      });
    }
  }

  /** Everything was made for a host that has changed. */
  replaceAll(): void {
    for (const namespace of this.#used.keys()) this.#outdated.add(namespace);
    this.#dropWaiting();
    this.fill();
  }

  /** Removes all; no job may be running. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#dropWaiting();
    for (const namespace of this.#used.keys()) this.#remove(namespace);
    while (this.#chores.size > 0) await Promise.all(this.#chores);
  }

  #use(namespace: Namespace, queue: QueueHash): Namespace {
    this.#used.set(namespace, queue);
    this.fill();
    return namespace;
  }

  #dropWaiting(): void {
    for (const making of this.#stock) this.#chore(async () => (await making.catch(() => undefined))?.remove());
    this.#stock = [];
    for (const idle of this.#idle.values()) for (const namespace of idle.splice(0)) this.#remove(namespace);
  }

  /** The one that has waited longest. */
  #removeIdle(): void {
    for (const [queue, idle] of this.#idle) {
      const oldest = idle.shift();
      if (oldest) this.#remove(oldest);
      if (idle.length === 0) this.#idle.delete(queue);
      if (oldest) return;
    }
  }

  #remove(namespace: Namespace): void {
    this.#chore(() => namespace.remove());
  }

  #chore(work: () => Promise<void>): void {
    const chore = work()
      .catch((error: unknown) => this.#options.failed(error))
      .finally(() => this.#chores.delete(chore));
    this.#chores.add(chore);
  }

  #idleOf(queue: QueueHash): Namespace[] {
    const idle = this.#idle.get(queue) ?? [];
    this.#idle.set(queue, idle);
    return idle;
  }

  #sizeOfIdle(): number {
    return [...this.#idle.values()].reduce((sum, idle) => sum + idle.length, 0);
  }
}
