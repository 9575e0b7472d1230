// What this host lends to all its queues together, and who has how much of it. Pure bookkeeping: the queues decide what runs
// within an offer; only when two of them fill the same place at once is a job declined.

import type { Offer } from "../../wire/agentMessages.ts";
import type { JobDefinition } from "../../wire/definition.ts";
import type { QueueHash } from "../../wire/ids.ts";
import { sizeBytes } from "../../wire/units.ts";
import { hostMemoryShare } from "../limits.ts";

export interface Capacity {
  readonly slots: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Device ids, as the driver names them. */
  readonly gpus: readonly string[];
  readonly tags: readonly string[];
  readonly maxDurationMs: number;
}

/** What an operator lends. What is left out is for the engine's machine to say. */
export interface Lent extends Pick<Capacity, "gpus" | "tags" | "maxDurationMs"> {
  readonly slots?: number | undefined;
  readonly cpus?: number | undefined;
  readonly memoryBytes?: number | undefined;
}

/** Never more than the machine has: an engine refuses a container that asks for more. */
export function capacityOf(
  { slots, cpus, memoryBytes, gpus, tags, maxDurationMs }: Lent,
  machine: { readonly cpus: number; readonly memoryBytes: number },
): Capacity {
  return {
    // A number of CPUs that somebody named is also how many jobs they expect at a time.
    slots: slots ?? Math.max(1, Math.floor(cpus ?? machine.cpus / 2)),
    cpus: Math.min(cpus ?? machine.cpus, machine.cpus),
    memoryBytes: Math.min(memoryBytes ?? Math.floor(machine.memoryBytes * hostMemoryShare), machine.memoryBytes),
    gpus,
    tags,
    maxDurationMs,
  };
}

/** Who may decide that no more jobs are taken. */
export type Shutter = "stopping" | "paused" | "engine" | "disk";

/** What a job takes. */
export interface Share {
  readonly queue: QueueHash;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly gpus: readonly string[];
}

export class Ledger {
  readonly #capacity: Capacity;
  readonly #shares = new Set<Share>();
  readonly #shut = new Map<Shutter, string>();
  #left = Number.POSITIVE_INFINITY;

  constructor(capacity: Capacity) {
    this.#capacity = capacity;
  }

  /** Takes no more jobs until it is opened by the same: every offer has no slot but those in use, and says why. */
  shut(by: Shutter, why: string): void {
    this.#shut.set(by, why);
  }

  open(by: Shutter): void {
    this.#shut.delete(by);
  }

  /** Takes that many more jobs and then none. */
  allow(jobs: number): void {
    this.#left = jobs;
  }

  /** Why no job is taken now, as a sentence. */
  get note(): string | undefined {
    const [first] = this.#shut.values();
    return first ?? (this.#left === 0 ? "It has taken as many jobs as it should." : undefined);
  }

  get used(): number {
    return this.#shares.size;
  }

  /** Whether it will take another job some day. */
  get exhausted(): boolean {
    return this.#left === 0;
  }

  /** What a queue may use: everything but what the other queues use now. */
  offer(queue: QueueHash | undefined): Offer {
    const others = [...this.#shares].filter((share) => share.queue !== queue);
    const own = [...this.#shares].filter((share) => share.queue === queue);
    const { slots, cpus, memoryBytes, gpus, tags, maxDurationMs } = this.#capacity;
    const { note } = this;
    const more = note === undefined ? this.#left : 0;
    return {
      slots: Math.min(own.length + more, Math.max(0, slots - others.length)),
      cpus: Math.max(0, cpus - sum(others.map((share) => share.cpus))),
      memoryBytes: Math.max(0, memoryBytes - sum(others.map((share) => share.memoryBytes))),
      gpus: gpus.length - sum(others.map((share) => share.gpus.length)),
      tags: [...tags],
      maxDurationMs,
      ...(note === undefined ? {} : { note }),
    };
  }

  /** Takes what the job needs, or says why it can't. */
  take(queue: QueueHash, definition: JobDefinition): Share | string {
    if (this.note !== undefined) return `The agent takes no more jobs. ${this.note}`;
    const { slots, cpus, memoryBytes, gpus } = this.#capacity;
    const used = [...this.#shares];
    const { cpus: wantedCpus = 0, gpus: wantedGpus = 0, memory } = definition.requirements ?? {};
    const named = memory === undefined ? undefined : sizeBytes(memory);
    const free = gpus.filter((device) => !used.some((share) => share.gpus.includes(device)));
    if (used.length >= slots) return "All slots are taken.";
    if (free.length < wantedGpus) return "Not enough GPUs are free.";
    if (sum(used.map((share) => share.cpus)) + wantedCpus > cpus) return "Not enough CPUs are free.";
    const freeMemory = memoryBytes - sum(used.map((share) => share.memoryBytes));
    if (named !== undefined && named > freeMemory) return "Not enough memory is free.";
    // A job that names no memory only needs a slot: it takes that slot's part, or what there is.
    const taken = named ?? Math.max(0, Math.min(freeMemory, Math.floor(memoryBytes / Math.max(1, slots))));
    this.#left -= 1;
    return this.#add({ queue, cpus: wantedCpus, memoryBytes: taken, gpus: free.slice(0, wantedGpus) });
  }

  /** Takes what an adopted job has, even where it is more than there is now. */
  readopt(queue: QueueHash, definition: JobDefinition, gpus: readonly string[]): Share {
    const { cpus = 0, memory } = definition.requirements ?? {};
    const { slots, memoryBytes } = this.#capacity;
    const part = Math.floor(memoryBytes / Math.max(1, slots));
    return this.#add({
      queue,
      cpus,
      memoryBytes: (memory === undefined ? undefined : sizeBytes(memory)) ?? part,
      gpus,
    });
  }

  release(share: Share): void {
    this.#shares.delete(share);
  }

  #add(share: Share): Share {
    this.#shares.add(share);
    return share;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
