import { expect, test } from "vitest";
import { capacityOf } from "./capacity.ts";

const machine = { cpus: 8, memoryBytes: 1000 };
const rest = { gpus: [], tags: [], maxDurationMs: 1 };

test.each<readonly [string, object, object]>([
  ["half the CPUs are slots, and most memory is lent", {}, { slots: 4, cpus: 8, memoryBytes: 800 }],
  ["a number of CPUs is also a number of slots", { cpus: 3 }, { slots: 3, cpus: 3 }],
  ["a slot is there even for part of a CPU", { cpus: 0.5 }, { slots: 1, cpus: 0.5 }],
  ["slots are what was said", { slots: 20, cpus: 2 }, { slots: 20, cpus: 2 }],
  ["more than the machine has is not lent", { cpus: 99, memoryBytes: 9999 }, { slots: 99, cpus: 8, memoryBytes: 1000 }],
])("%s", (_what, lent, offered) => {
  expect(capacityOf({ ...rest, ...lent }, machine)).toMatchObject(offered);
});
