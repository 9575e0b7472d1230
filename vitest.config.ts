import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["wire/**/*.test.ts", "edge/**/*.test.ts", "web/**/*.test.ts", "e2e/structure.test.ts"], exclude: ["edge/cloudflare/**", "**/*.system.test.ts"] } },
      { test: { name: "system", include: ["**/*.system.test.ts", "worker-agent/**/*.test.ts"], exclude: ["**/node_modules/**"], testTimeout: 120_000, hookTimeout: 120_000 } },
    ],
  },
});
