// What jobs may write, on a real engine.

import { link, mkdir, open, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunningAgent } from "../agent.ts";
import { removeBuilt } from "../build/testBuilder.ts";
import { leftOf } from "../testEngine.ts";
import { logText, type Stack, startStack } from "../testStack.ts";
import { treeSize } from "./treeSize.ts";

const MiB = 1024 ** 2;
const signal = AbortSignal.timeout(60_000);

let stack: Stack;
let agent: RunningAgent;
/** A cache of its own: what one job of a queue keeps there counts for the others. */
let cacheQueue: string;

beforeAll(async () => {
  stack = await startStack();
  const capacity = { slots: 5, cpus: 2, memoryBytes: 1024 * MiB, gpus: [], tags: [], maxDurationMs: 60_000 };
  cacheQueue = `${stack.queue}-cache`;
  agent = await stack.agent({
    queues: [stack.queue, cacheQueue],
    capacity,
    limits: { diskBytes: 20 * MiB, jobCacheBytes: 20 * MiB },
  });
});

afterAll(async () => {
  await stack.close();
  await removeBuilt(agent.id);
  expect(await leftOf(agent.id)).toEqual([]);
});

describe.concurrent("a job that writes more than it may is ended, and told why", () => {
  test.each([
    ["to /outputs", "/outputs/large", "The job wrote 30 MiB to disk, more than the 20 MiB"],
    ["into its own file system", "/large", "The job wrote 30 MiB to disk, more than the 20 MiB"],
    ["to /job-cache", "/job-cache/large", "/job-cache holds 30 MiB, more than the 20 MiB"],
  ])("%s", async (where, path, sentence) => {
    const queue = where === "to /job-cache" ? cacheQueue : stack.queue;
    // The cache is counted from the first look on.
    const write = `sleep 3; dd if=/dev/zero of=${path} bs=1M count=30 2>/dev/null; sleep 60`;
    const job = await stack.finished(await stack.submit({ command: ["sh", "-c", write] }, queue), queue);
    expect(job.finished?.reason).toBe("Error");
    expect(job.finished?.result?.error).toContain(sentence);
    expect(Object.keys(job.finished?.result?.outputs ?? {})).toEqual([]);
  });

  test("in a step of its build", async () => {
    const dockerfile = `FROM longshore/shell\nRUN dd if=/dev/zero of=/a bs=1M count=15\nRUN dd if=/dev/zero of=/b bs=1M count=15 && sleep 60 # ${crypto.randomUUID()}`;
    const job = await stack.finished(await stack.submit({ image: undefined, build: { dockerfile } }));
    expect(job.finished?.result?.error).toMatch(
      /^The build was stopped at step 3 of 3, "RUN dd .*": its steps wrote 30 MiB to disk, more than the 20 MiB that this agent's operator allows\.$/,
    );
  });

  test("between two looks", async () => {
    const write = "dd if=/dev/zero of=/outputs/large bs=1M count=30 2>/dev/null";
    const job = await stack.finished(await stack.submit({ command: ["sh", "-c", write] }));
    expect(job.finished?.reason).toBe("Error");
  });
});

test.concurrent("a job that writes less is left alone", async () => {
  const write = "dd if=/dev/zero of=/outputs/some bs=1M count=5 2>/dev/null; sleep 3; echo done";
  expect(logText(await stack.run({ command: ["sh", "-c", write] }))).toBe("done");
});

test("a folder's size is what it takes on the disk: holes, links and other names take nothing", async () => {
  const folder = await stack.folder();
  await mkdir(join(folder, "below"));
  await writeFile(join(folder, "below", "full"), Buffer.alloc(MiB, 1));
  const holes = await open(join(folder, "holes"), "w");
  await holes.truncate(1024 * MiB);
  await holes.close();
  await symlink("full", join(folder, "below", "link"));
  await link(join(folder, "below", "full"), join(folder, "again"));
  const size = await treeSize(folder, { now: Date.now, signal });
  expect(size).toBeGreaterThanOrEqual(MiB);
  expect(size).toBeLessThan(MiB + 64 * 1024);
  expect(await treeSize(join(folder, "nowhere"), { now: Date.now, signal })).toBe(0);
});
