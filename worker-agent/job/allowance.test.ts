// What a definition asks for, within what the operator gives.

import { describe, expect, test } from "vitest";
import { own } from "../../wire/ids.ts";
import { containerOptions, type JobPlan } from "../docker/container.ts";
import { allowanceOf, type JobLimits, sizeText } from "./allowance.ts";

const GiB = 1024 ** 3;
const limits: JobLimits = {
  memoryBytes: 4 * GiB,
  maxDurationMs: 10 * 60_000,
  pids: 1024,
  diskBytes: 50 * GiB,
  jobCacheBytes: 50 * GiB,
};

describe("a job that names nothing", () => {
  test("gets a share of the CPUs, the agent's memory, 1,024 processes and 5 minutes", () => {
    expect(allowanceOf({ image: "a" }, limits)).toEqual({
      memoryBytes: 4 * GiB,
      cpus: undefined,
      shmBytes: undefined,
      pids: 1024,
      diskBytes: 50 * GiB,
      durationMs: 5 * 60_000,
      remarks: [],
    });
    expect(hostConfig({})).toMatchObject({
      CpuShares: 1024,
      Memory: 4 * GiB,
      MemorySwap: 4 * GiB,
      PidsLimit: 1024,
    });
    expect(hostConfig({})).not.toHaveProperty("NanoCpus");
    expect(hostConfig({})).not.toHaveProperty("ShmSize");
    expect(hostConfig({})).not.toHaveProperty("DeviceRequests");
  });

  test("has no longer than the operator allows, which is no reason for a remark", () => {
    const { durationMs, remarks } = allowanceOf({ image: "a" }, { ...limits, maxDurationMs: 60_000 });
    expect([durationMs, remarks]).toEqual([60_000, []]);
  });
});

test("what a definition names reaches the engine", () => {
  const requirements = { cpus: 1.5, memory: "2g", gpus: 2, maxDuration: "7m" };
  expect(hostConfig({ requirements, shmSize: "512m" }, ["1", "3"])).toMatchObject({
    NanoCpus: 1_500_000_000,
    Memory: 2 * GiB,
    MemorySwap: 2 * GiB,
    ShmSize: GiB / 2,
    DeviceRequests: [{ Driver: "nvidia", DeviceIDs: ["1", "3"], Capabilities: [["gpu"]] }],
  });
  expect(allowanceOf({ image: "a", requirements }, limits).durationMs).toBe(7 * 60_000);
});

test("with a runtime that gives GPUs to who asks for them, a job sees its own ones or none, whatever it asks for", () => {
  const env = (plan: Partial<JobPlan>) => optionsOf({}, plan).Env;
  expect(env({ givesGpus: true })).toEqual(["NVIDIA_VISIBLE_DEVICES=void"]);
  expect(env({ givesGpus: true, gpus: ["1", "3"] })).toEqual(["NVIDIA_VISIBLE_DEVICES=1,3"]);
  expect(env({ gpus: ["1"] })).toEqual(["NVIDIA_VISIBLE_DEVICES=all"]);
});

describe("a definition that asks for more than the operator allows", () => {
  test.each([
    [{ maxDuration: "2h" }, { durationMs: 600_000 }, "The job asks for 120 min of time; it gets 10 min, the most that"],
    [{ shmSize: "8g" }, { shmBytes: 4 * GiB }, "The job asks for 8 GiB of /dev/shm; it gets 4 GiB, its memory, of"],
    [
      { shmSize: "2g", requirements: { memory: "1g" } },
      { shmBytes: GiB },
      "The job asks for 2 GiB of /dev/shm; it gets 1 GiB, its memory, of",
    ],
    [
      { requirements: { memory: "5g" } },
      { memoryBytes: 4 * GiB },
      "The job asks for 5 GiB of memory; it gets 4 GiB, the most that",
    ],
  ])("gets what it may and is told so: %j", (definition, expected, remark) => {
    const allowance = allowanceOf({ image: "a", ...definition }, limits);
    expect(allowance).toMatchObject(expected);
    expect(allowance.remarks).toEqual([expect.stringContaining(remark)]);
  });
});

test("an engine with quotas is told the disk", () => {
  expect(hostConfig({}, [], true)).toMatchObject({ StorageOpt: { size: String(50 * GiB) } });
  expect(hostConfig({})).not.toHaveProperty("StorageOpt");
});

test("sizes are for people", () => {
  expect([999, 2048, 1.5 * GiB, 50 * GiB].map(sizeText)).toEqual(["999 bytes", "2 KiB", "1.5 GiB", "50 GiB"]);
});

function hostConfig(definition: object, gpus: readonly string[] = [], quota = false) {
  return optionsOf(definition, { gpus, quota }).HostConfig;
}

function optionsOf(definition: object, { gpus = [], quota = false, givesGpus = false }: Partial<JobPlan>) {
  const whole = { image: "a", ...definition };
  return containerOptions({
    job: own.jobId("1".repeat(64)),
    attempt: own.attempt("1.1"),
    agent: "a",
    queue: own.queueHash("2".repeat(64)),
    definition: whole,
    imageId: "sha256:0",
    argv: {},
    env: { NVIDIA_VISIBLE_DEVICES: "all" },
    givesGpus,
    mounts: { inputs: "/i", outputs: "/o", jobCache: "/c", config: [] },
    allowance: allowanceOf(whole, limits),
    quota,
    gpus,
    runtime: undefined,
    network: { NetworkMode: "none" },
  });
}
