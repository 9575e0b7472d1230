import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

const shared = {
  // A worker for each processor: Vitest's own number leaves one idle, and most tests wait for other processes. The same for
  // all projects, or else they would run one after the other.
  maxWorkers: Math.max(2, availableParallelism()),
  // What the tests start is compiled once, as bin/longshore has it, not by every process.
  env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/node") },
  // Limits for a machine that is busy with something else, too: what they wait for comes much sooner.
  expect: { poll: { timeout: 20_000 } },
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: "unit",
          include: ["{wire,edge,web}/**/*.test.ts", "e2e/structure.test.ts"],
          exclude: ["edge/cloudflare/**", "**/*.system.test.ts"],
        },
      },
      {
        test: {
          ...shared,
          name: "system",
          include: ["**/*.system.test.ts", "worker-agent/**/*.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Black-box cases against started control planes; those against a browser are Playwright's.
        test: { ...shared, name: "routes", include: ["e2e/routes/*.test.ts"], globalSetup: "e2e/built.ts" },
      },
    ],
  },
});
