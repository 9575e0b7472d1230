// Time, randomness and ids as the agent sees them. Everything below the command line takes them from here, so that a test
// can decide what they are.

import { randomUUID } from "node:crypto";

export interface World {
  /** Epoch ms. */
  readonly now: () => number;
  /** Milliseconds since some moment, on a clock that nobody sets: how long something took. */
  readonly elapsed: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly newId: () => string;
}

export const systemWorld: World = {
  now: Date.now,
  elapsed: () => performance.now(),
  random: Math.random,
  newId: randomUUID,
};
