import { expect, test } from "vitest";
import { simulate } from "./simulation.ts";

// A million steps in all. A failure names its seed and step: `node edge/simulation/run.ts --seed N --steps M` replays it.
test.concurrent.each(Array.from({ length: 100 }, (_, i) => 1_000 + i))(
  "ten thousand steps of random faults (seed %i)",
  (seed) => {
    const world = simulate(seed, 10_000);
    expect(world.finishes).toBeGreaterThan(20);
    world.sql.close();
  },
);
