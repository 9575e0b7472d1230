import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { gpus, list, origin } from "./values.ts";

describe("GPUs", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.each<readonly [string, readonly string[]]>([
    ["0", []],
    ["2", ["0", "1"]],
    ["device=1,3", ["1", "3"]],
    ['"device=1,3"', ["1", "3"]],
    ["device=1, 3", ["1", "3"]],
    ["0,2", ["0", "2"]],
    ["device=2", ["2"]],
    ["GPU-8f2a", ["GPU-8f2a"]],
    ["1,1", ["1"]],
  ])("%s", (text, devices) => {
    expect(gpus(text)).toEqual(devices);
  });

  test.each(["some", "-1", "device=", "device=1;2", "1,"])("%s is refused", (text) => {
    expect(() => gpus(text)).toThrow(/a number of GPUs, their ids/);
  });

  test("a driver that answers says which there are", () => {
    const folder = mkdtempSync(join(tmpdir(), "longshore-driver-"));
    try {
      // Stands for the driver's own program, which a machine without such a device doesn't have.
      writeFileSync(join(folder, "nvidia-smi"), "#!/bin/sh\nprintf '0\\n1\\n4\\n'\n");
      chmodSync(join(folder, "nvidia-smi"), 0o755);
      vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
      expect(gpus("all")).toEqual(["0", "1", "4"]);
      expect(gpus("3")).toEqual(["0", "1", "4"]);
      expect(gpus("device=1,4")).toEqual(["1", "4"]);
      expect(() => gpus("4")).toThrow(/There are not 4 GPUs: the driver names 0, 1, 4\./);
      expect(() => gpus("device=1,2")).toThrow(/There is no GPU 2: the driver names 0, 1, 4\./);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test("a list is separated by commas, repeated, or both", () => {
  expect(list("a, b", list("c"))).toEqual(["c", "a", "b"]);
});

test("of an address only the origin counts", () => {
  expect(origin("https://a.example/")).toBe("https://a.example");
});
