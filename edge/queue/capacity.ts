// What a job demands, what an agent offers, and whether the one fits the other. Pure.

import * as v from "valibot";
import type { Offer } from "../../wire/agentMessages.ts";
import type { JobDefinition } from "../../wire/definition.ts";
import { sizeBytes } from "../../wire/units.ts";

const DemandSchema = v.object({
  cpus: v.number(),
  gpus: v.number(),
  memory: v.number(),
  tags: v.array(v.string()),
});

/** Zero means that the job names none: it takes a slot and that slot's share. `memory` is in bytes. */
export type Demand = Readonly<v.InferOutput<typeof DemandSchema>>;

const nothing: Demand = { cpus: 0, gpus: 0, memory: 0, tags: [] };

/** A demand as text, equal for equal demands: jobs of one shape wait in one line, and only its head is looked at. */
export function shapeOf(definition: JobDefinition): string {
  const { cpus = 0, gpus = 0, memory } = definition.requirements ?? {};
  const demand: Demand = {
    cpus,
    gpus,
    memory: memory === undefined ? 0 : (sizeBytes(memory) ?? 0),
    tags: [...new Set(definition.tags ?? [])].sort(),
  };
  const asksForNothing = cpus === 0 && gpus === 0 && demand.memory === 0 && demand.tags.length === 0;
  return asksForNothing ? "" : JSON.stringify(demand);
}

export function parseDemand(shape: string): Demand {
  return shape === "" ? nothing : v.parse(DemandSchema, JSON.parse(shape));
}

/** What an agent's jobs of this queue take together. */
export interface Used {
  readonly slots: number;
  readonly cpus: number;
  readonly gpus: number;
  readonly memory: number;
}

export function usedBy(offer: Offer, demands: readonly Demand[]): Used {
  return {
    slots: demands.length,
    cpus: sum(demands.map((demand) => demand.cpus)),
    gpus: sum(demands.map((demand) => demand.gpus)),
    memory: sum(demands.map((demand) => memoryOf(offer, demand))),
  };
}

/** Whether the agent could ever run it, were it idle. */
export function canRun(offer: Offer, demand: Demand): boolean {
  return fits(offer, usedBy(offer, []), demand);
}

export function fits(offer: Offer, used: Used, demand: Demand): boolean {
  return (
    used.slots < offer.slots &&
    used.cpus + demand.cpus <= offer.cpus &&
    used.gpus + demand.gpus <= offer.gpus &&
    used.memory + memoryOf(offer, demand) <= offer.memoryBytes &&
    demand.tags.every((tag) => offer.tags.includes(tag))
  );
}

/** A job that names no memory counts as one slot's share. */
function memoryOf(offer: Offer, demand: Demand): number {
  return demand.memory > 0 ? demand.memory : Math.floor(offer.memoryBytes / Math.max(1, offer.slots));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
