// For the tests of this folder: jobs that go on when they are told to, so that no test depends on who is faster.

import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "./testStack.ts";

/** The part of a job's command that waits for its release. */
export const untilReleased = "until [ -e /job-cache/go ]; do sleep 0.1; done";

/** Lets the jobs go on that an agent runs, or has left running: `dataDir` is its. */
export async function release(dataDir: string): Promise<void> {
  const caches = join(dataDir, "job-cache");
  // The queue says that a job runs before its agent has made anything of it.
  const queues = await until(
    "a job has its cache",
    () => readdir(caches).catch(() => []),
    (found) => found.length > 0,
  );
  for (const queue of queues) await writeFile(join(caches, queue, "go"), "");
}
