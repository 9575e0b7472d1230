import { expect, test } from "vitest";
import { simulate } from "./simulation.ts";

// A failure names its seed and step: `simulate(seed, step)` replays it.
test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "the queue keeps its promises through random faults (seed %i)",
  (seed) => {
    const world = simulate(seed, 5_000);
    // The run was worth something: jobs ran, were lost and were finished.
    expect(world.finishes).toBeGreaterThan(20);
  },
  60_000,
);
