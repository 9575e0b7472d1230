// What an agent runs for all its queues together, and what it can offer each.

import type { Held, Offer } from "../../wire/agentMessages.ts";
import { demandOf } from "./demand.ts";
import type { SimulatedQueue } from "./simulatedQueue.ts";

export interface Capacity {
  readonly slots: number;
  readonly cpus: number;
  readonly gpus: number;
  readonly tags: readonly string[];
}

interface Container {
  readonly queue: SimulatedQueue;
  readonly held: Held;
}

export class Containers {
  readonly #capacity: Capacity;
  readonly #byAttempt = new Map<string, Container>();

  constructor(capacity: Capacity) {
    this.#capacity = capacity;
  }

  get all(): readonly Container[] {
    return [...this.#byAttempt.values()];
  }

  heldFor(queue: SimulatedQueue): Held[] {
    return this.all.filter((container) => container.queue === queue).map(({ held }) => held);
  }

  /** Starts a container; returns the attempt if there is no room for it. */
  start(queue: SimulatedQueue, held: Held): readonly Held[] {
    if (this.#byAttempt.has(held.attempt)) return [];
    const { slots, cpus, gpus } = used(this.all);
    const demand = demandOf(held.job);
    const fits =
      slots < this.#capacity.slots &&
      cpus + demand.cpus <= this.#capacity.cpus &&
      gpus + demand.gpus <= this.#capacity.gpus;
    if (!fits) return [held];
    this.#byAttempt.set(held.attempt, { queue, held });
    return [];
  }

  stop(attempt: string): void {
    this.#byAttempt.delete(attempt);
  }

  clear(): void {
    this.#byAttempt.clear();
  }

  /** Everything but what the other queues use now. */
  offer(queue: SimulatedQueue): Offer {
    const others = used(this.all.filter((container) => container.queue !== queue));
    const { slots, cpus, gpus, tags } = this.#capacity;
    return {
      slots: slots - others.slots,
      cpus: cpus - others.cpus,
      gpus: gpus - others.gpus,
      memoryBytes: 2 ** 33,
      tags: [...tags],
      maxDurationMs: 300_000,
    };
  }
}

function used(containers: readonly Container[]): Omit<Capacity, "tags"> {
  const demands = containers.map(({ held }) => demandOf(held.job));
  return {
    slots: demands.length,
    cpus: demands.reduce((sum, { cpus }) => sum + cpus, 0),
    gpus: demands.reduce((sum, { gpus }) => sum + gpus, 0),
  };
}
