import { expect, test } from "vitest";
import { comeBackMs } from "../../wire/limits.ts";
import { reconnect } from "../limits.ts";
import { jitteredMs } from "../retry.ts";

test("however the dice fall, an agent tries five times before its jobs go to another, and never pauses for long", () => {
  const pauses = Array.from({ length: 20 }, (_, failures) => jitteredMs(failures, reconnect, () => 1));
  const fiveTries = pauses.slice(0, 5).reduce((sum, ms) => sum + ms, 0);
  expect(fiveTries).toBeLessThan(comeBackMs);
  expect(Math.max(...pauses)).toBeLessThan(comeBackMs / 3);
});
