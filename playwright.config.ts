// Tests in a real browser: the system's Chromium against started processes.

import { execFileSync } from "node:child_process";
import { defineConfig, devices } from "@playwright/test";

const chromium = process.env.CHROMIUM_PATH ?? execFileSync("sh", ["scripts/chromium.sh"], { encoding: "utf8" }).trim();

export default defineConfig({
  testDir: "e2e/browser",
  outputDir: "test-results",
  globalSetup: "./e2e/built.ts",
  fullyParallel: true,
  workers: 2,
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    ...devices["Desktop Chrome"],
    actionTimeout: 15_000,
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: chromium,
      args: [
        // Chromium has no sandbox for root; CI often is.
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
        // Nothing is asked of other machines.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
        "--disable-gpu",
        "--no-first-run",
      ],
    },
  },
});
