// The two kinds of control plane, and how a list of cases runs against each.

import { afterAll, beforeAll, describe } from "vitest";
import { startCloudflareShell } from "../shells/cloudflareShell.ts";
import { startNodeShell } from "../shells/nodeShell.ts";
import type { Shell } from "../shells/shell.ts";

const shells: readonly (readonly [string, () => Promise<Shell>])[] = [
  ["the Node shell", () => startNodeShell()],
  ["the Cloudflare shell", () => startCloudflareShell()],
];

/** Runs the cases on each kind, with one started shell for all of them: each test takes a queue of its own. */
export function onEveryShell(cases: (shell: () => Shell) => void): void {
  describe.each(shells)("%s", (_name, start) => cases(startedShell(start)));
}

/** A shell that is started before the tests of this suite, and stopped after them. */
export function startedShell<S extends Shell>(start: () => Promise<S>): () => S {
  let running: S | undefined;
  beforeAll(async () => {
    running = await start();
  });
  afterAll(async () => {
    await running?.stop();
  });
  return () => {
    if (!running) throw new Error("The shell runs only while its tests do.");
    return running;
  };
}
