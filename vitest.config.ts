import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{wire,edge,web}/**/*.test.ts", "e2e/structure.test.ts"],
          exclude: ["edge/cloudflare/**", "**/*.system.test.ts"],
        },
      },
      {
        test: {
          name: "system",
          include: ["**/*.system.test.ts", "worker-agent/**/*.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Black-box cases against started control planes; those against a browser are Playwright's.
        test: {
          name: "routes",
          include: ["e2e/routes/*.test.ts"],
          globalSetup: "e2e/built.ts",
          // They mostly wait for processes of their own.
          maxWorkers: 2,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
