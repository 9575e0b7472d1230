// What every test in a browser starts from: a running Longshore, and the page's controls by role and name.

import { test as base, expect, type FrameLocator, type Page, type TestInfo } from "@playwright/test";
import type { Job } from "../../wire/job.ts";
import { QueueApi } from "../clients/queueApi.ts";
import { containerMs } from "../limits.ts";
import { type NodeShell, startNodeShell } from "../shells/nodeShell.ts";

export interface Longshore {
  readonly origin: string;
  /** The link for a first job that `npm start` prints. */
  firstJobLink(): Promise<string>;
  readonly queue: QueueApi;
  /** What has come to the queue since the test began. */
  jobs(): Promise<Readonly<Record<string, Job>>>;
}

/** One server and agent for all of a worker's tests. What a test submits must be no other test's job. */
export const test = base.extend<{ longshore: Longshore }, { server: NodeShell }>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameters' names
    async ({}, use) => {
      const server = await startNodeShell({ agent: true, anyAgent: false });
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],
  longshore: async ({ server }, use, info) => {
    await use(await longshoreOf(server));
    await attachOutput(server, info);
  },
});

/** A server and agent of the test's own, with an empty queue, and a first link that nobody has used. */
export const fresh = base.extend<{ longshore: Longshore }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameters' names
  longshore: async ({}, use, info) => {
    const server = await startNodeShell({ agent: true, anyAgent: false });
    await use(await longshoreOf(server));
    await attachOutput(server, info);
    await server.stop();
  },
});

async function longshoreOf(server: NodeShell): Promise<Longshore> {
  const queue = new QueueApi(server, "local");
  const before = await queue.list();
  return {
    origin: server.origin,
    queue,
    jobs: async () => Object.fromEntries(Object.entries(await queue.list()).filter(([id]) => !(id in before))),
    firstJobLink: async () => (await server.program.line(/http:\/\/\S+#\?\S+/))[0],
  };
}

export async function attachOutput(server: NodeShell, info: TestInfo): Promise<void> {
  if (info.status !== info.expectedStatus) await info.attach("server's output", { body: server.output() });
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
