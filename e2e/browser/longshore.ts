// What every test in a browser starts from: a running Longshore of its own, and the page's controls by role and name.

import { test as base, expect, type FrameLocator, type Page } from "@playwright/test";
import { QueueApi } from "../clients/queueApi.ts";
import { containerMs } from "../limits.ts";
import { type NodeShell, startNodeShell } from "../shells/nodeShell.ts";

export interface Longshore extends NodeShell {
  /** The link for a first job that `npm start` prints. */
  firstJobLink(): Promise<string>;
  readonly queue: QueueApi;
}

export const test = base.extend<{ longshore: Longshore }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameters' names
  longshore: async ({}, use, info) => {
    const shell = await startNodeShell({ agent: true, anyAgent: false });
    await use(longshoreOf(shell));
    if (info.status !== info.expectedStatus) await info.attach("server's output", { body: shell.output() });
    await shell.stop();
  },
});

/** The same for tests that only look at the page: one server and agent for all of a worker's tests. */
export const shared = base.extend<object, { longshore: Longshore }>({
  longshore: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameters' names
    async ({}, use) => {
      const shell = await startNodeShell({ agent: true, anyAgent: false });
      await use(longshoreOf(shell));
      await shell.stop();
    },
    { scope: "worker" },
  ],
});

function longshoreOf(shell: NodeShell): Longshore {
  return {
    ...shell,
    get origin() {
      return shell.origin;
    },
    get program() {
      return shell.program;
    },
    queue: new QueueApi(shell, "local"),
    firstJobLink: async () => (await shell.program.line(/http:\/\/\S+#\?\S+/))[0],
  };
}

export { expect };

/** The page's parts, wherever it is: at top level or in a frame. */
export function controls(page: Page | FrameLocator) {
  return {
    state: page.getByRole("status", { name: "State" }),
    run: page.getByRole("button", { name: "Run", exact: true }),
    stop: page.getByRole("button", { name: "Stop" }),
    permission: page.getByRole("region", { name: "Permission to run" }),
    warnings: page.getByRole("region", { name: "Warnings" }),
    output: (name: string) => page.getByRole("region", { name: `Content of ${name}` }),
    tab: (name: string) => page.getByRole("tab", { name }),
    log: page.getByRole("log", { name: "Log lines" }),
  };
}

/** Waits for a container's work to be shown. */
export const slowly = { timeout: containerMs };
