// What a job's GPUs do, asked of the driver's own program.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { ResourceSample } from "../../wire/resources.ts";
import { driverAnswerMs } from "./limits.ts";

type Gpus = NonNullable<ResourceSample["gpus"]>;

/** In the order of `devices`. Undefined where the driver does not answer. */
export async function readGpus(devices: readonly string[], signal: AbortSignal): Promise<Gpus | undefined> {
  if (devices.length === 0) return undefined;
  const query = "--query-gpu=index,utilization.gpu,memory.used,memory.total";
  try {
    const options = { signal, timeout: driverAnswerMs };
    const { stdout } = await promisify(execFile)("nvidia-smi", [query, "--format=csv,noheader,nounits"], options);
    return gpusOf(stdout, devices);
  } catch {
    // No such program where this agent runs: the page shows no curve.
    return undefined;
  }
}

/** Lines of `index, percent, MiB, MiB`; a value that a device doesn't tell is no number. */
export function gpusOf(text: string, devices: readonly string[]): Gpus | undefined {
  const lines = text.split("\n").map((line) => line.split(",").map((word) => word.trim()));
  const found = devices.map((device) => lines.find(([index]) => index === device));
  if (found.some((words) => words === undefined)) return undefined;
  return found.map((words) => {
    const [busy, used, total] = (words ?? []).slice(1).map((word) => (/^\d+$/.test(word) ? Number(word) : 0));
    const bytes = (mebibytes = 0) => mebibytes * 1024 ** 2;
    return { busy: (busy ?? 0) / 100, memoryBytes: bytes(used), memoryBytesMax: bytes(total) };
  });
}
