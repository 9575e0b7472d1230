// What a job uses, while it runs and when it has ended.

import { parse } from "valibot";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { ServerMessage } from "../../wire/clientMessages.ts";
import { paths } from "../../wire/http.ts";
import { Engine } from "../docker/engine.ts";
import { docker } from "../testEngine.ts";
import { type Stack, startStack, until } from "../testStack.ts";
import { readCgroup } from "./cgroup.ts";
import { gpusOf } from "./gpus.ts";
import { kernelToldOfMemory } from "./kernelLog.ts";

const MiB = 1024 ** 2;
let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
  await stack.agent();
});

afterAll(async () => {
  await stack.close();
});

test("who watches a running job sees its CPUs and memory beside their limits, and the result has the sum", async () => {
  const client = new WebSocket(new URL(paths.client(stack.queue), stack.api));
  const heard: ServerMessage[] = [];
  client.on("message", (data) => heard.push(parse(ServerMessage, JSON.parse(String(data)))));
  await new Promise((resolve) => client.once("open", resolve));
  try {
    const script =
      "mkdir /dev/shm/x; head -c 20000000 /dev/zero >/dev/shm/x/y; while [ ! -e /job-cache/enough ]; do :; done";
    const jobId = await stack.submit({ command: ["sh", "-c", script], requirements: { memory: "64m", cpus: 1.5 } });
    client.send(JSON.stringify({ type: "QueryJob", payload: { jobId } }));
    const samples = await until(
      "two samples came",
      () => heard.flatMap((message) => (message.type === "JobResources" ? [message.payload] : [])),
      (seen) => seen.length >= 2,
    );
    for (const payload of samples) {
      expect(payload).toMatchObject({ jobId, limits: { cpus: 1.5, memoryBytes: 64 * MiB } });
      const [sample] = payload.samples;
      expect(sample?.memoryBytes).toBeGreaterThan(20_000_000);
      expect(sample?.memoryBytes).toBeLessThan(40_000_000);
      expect(sample?.cpus).toBeGreaterThan(0.05);
      expect(sample?.cpus).toBeLessThan(1.5);
    }
    await stack.run({ command: ["touch", "/job-cache/enough"] });
    const { resources } = (await stack.finished(jobId)).finished?.result ?? {};
    expect(resources).toMatchObject({ outOfMemory: false, limits: { cpus: 1.5, memoryBytes: 64 * MiB } });
    expect(resources?.peakMemoryBytes).toBeGreaterThan(20_000_000);
    expect(resources?.cpuSeconds).toBeGreaterThan(0.1);
  } finally {
    client.close();
  }
});

describe("a job that ran out of memory", () => {
  test.each([
    ["says so when it ended of it", "exec tail /dev/zero", 137, true],
    ["says so when one of its processes did and it went on", "tail /dev/zero; sleep 0.5; echo on", 0, true],
    ["does not when it was killed otherwise", "sh -c 'kill -9 $$'; exit $?", 137, false],
  ])("%s", async (_what, script, statusCode, outOfMemory) => {
    const { StatusCode, resources } = await stack.run({
      command: ["sh", "-c", script],
      requirements: { memory: "16m" },
    });
    expect([StatusCode, resources?.outOfMemory]).toEqual([statusCode, outOfMemory]);
  });
});

test("the engine says the same of a container as the kernel", async () => {
  const [id] = await docker("run", "-d", "longshore/shell", "sleep", "100");
  try {
    // Its memory changes while it starts, and between two looks.
    await until(
      "both say the same",
      async () => ({ seen: await new Engine().stats(String(id)), read: readCgroup(String(id)) }),
      ({ seen, read }) =>
        seen !== undefined &&
        seen.memoryBytes === read?.memoryBytes &&
        seen.peakMemoryBytes === read.peakMemoryBytes &&
        Math.abs(seen.cpuSeconds - read.cpuSeconds) < 0.05,
    );
  } finally {
    await docker("rm", "-f", String(id));
  }
});

test.skipIf(process.getuid?.() !== 0)(
  "the kernel's log tells of a container that ran out of memory, and of no other",
  async () => {
    const [out] = await docker(
      "run",
      "-d",
      "--memory",
      "16m",
      "--memory-swap",
      "16m",
      "longshore/shell",
      "tail",
      "/dev/zero",
    );
    const [other] = await docker("run", "-d", "longshore/shell", "true");
    try {
      await docker("wait", String(out), String(other));
      expect(await kernelToldOfMemory(String(out))).toBe(true);
      expect(await kernelToldOfMemory(String(other))).toBe(false);
    } finally {
      await docker("rm", "-f", String(out), String(other));
    }
  },
);

test("GPUs are shown in the job's order, with what they don't tell as nothing", () => {
  const text = "0, 7, 100, 24576\n1, [N/A], 10, 24576\n2, 99, 24000, 24576\n";
  expect(gpusOf(text, ["2", "1"])).toEqual([
    { busy: 0.99, memoryBytes: 24000 * MiB, memoryBytesMax: 24576 * MiB },
    { busy: 0, memoryBytes: 10 * MiB, memoryBytesMax: 24576 * MiB },
  ]);
  expect(gpusOf(text, ["3"])).toBeUndefined();
  expect(gpusOf("No devices were found\n", ["0"])).toBeUndefined();
});
