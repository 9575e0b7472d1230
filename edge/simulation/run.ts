// Runs the simulation for as long as one likes: `node edge/simulation/run.ts --seed 1 --steps 100000000`.
// Steps are taken in worlds of ten thousand, each with a seed of its own; the first broken promise ends it.

import { parseArgs } from "node:util";
import { simulate } from "./simulation.ts";

const stepsPerWorld = 10_000;
const { values } = parseArgs({
  options: { seed: { type: "string", default: "1" }, steps: { type: "string", default: "1000000" } },
});
const first = Number(values.seed);
const steps = Number(values.steps);
if (!Number.isInteger(first) || !Number.isInteger(steps) || steps < 1) {
  console.error("usage: node edge/simulation/run.ts [--seed N] [--steps N]");
  process.exit(2);
}

const begun = performance.now();
let done = 0;
for (let seed = first; done < steps; seed++) {
  const part = Math.min(stepsPerWorld, steps - done);
  simulate(seed, part).sql.close();
  done += part;
  if (done % 1_000_000 === 0 || done === steps) {
    const seconds = (performance.now() - begun) / 1000;
    console.log(`${done} steps kept every promise (${Math.round(done / seconds)} a second, last seed ${seed}).`);
  }
}
