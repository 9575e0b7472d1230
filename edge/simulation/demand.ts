// The jobs of the simulation: a few definitions, each with what it demands of an agent.

import { type CheckedDefinition, checkDefinition } from "../../wire/definition.ts";

export interface SimulatedDemand {
  readonly cpus: number;
  readonly gpus: number;
  readonly tags: readonly string[];
}

/** Few enough that the same job is often submitted again. */
const count = 24;

const demands = new Map<string, SimulatedDemand>();

export const definitions: readonly CheckedDefinition[] = Array.from({ length: count }, (_, i) => {
  const demand = { cpus: i % 4 === 1 ? 2 : 0, gpus: i % 8 === 2 ? 1 : 0, tags: i % 8 === 3 ? ["big"] : [] };
  const { cpus, gpus, tags } = demand;
  const requirements = { ...(cpus > 0 ? { cpus } : {}), ...(gpus > 0 ? { gpus } : {}) };
  const check = checkDefinition({ image: "x", command: `job ${i}`, requirements, tags });
  if (!check.ok) throw new Error(check.error);
  demands.set(check.value.id, demand);
  return check.value;
});

export function demandOf(job: string): SimulatedDemand {
  return demands.get(job) ?? { cpus: 0, gpus: 0, tags: [] };
}
