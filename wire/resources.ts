// What a job's container uses: samples while it runs, the sum in its result.

import * as v from "valibot";
import { gpusShownMax } from "./limits.ts";

const bytes = v.pipe(v.number(), v.integer(), v.minValue(0));
const amount = v.pipe(v.number(), v.minValue(0));

/**
 * One moment of a running container: `time` in epoch ms of the agent's clock; `cpus` how many CPUs were busy on average since the
 * sample before (1 is one whole CPU); `memoryBytes` what counts to its limit, without file pages that the kernel can drop. A GPU's
 * `busy` is from 0 to 1; the GPUs are the job's own, in the order in which it sees them, and absent where there are none.
 */
export const ResourceSample = v.object({
  time: v.number(),
  cpus: amount,
  memoryBytes: bytes,
  gpus: v.optional(
    v.pipe(v.array(v.object({ busy: amount, memoryBytes: bytes, memoryBytesMax: bytes })), v.maxLength(gpusShownMax)),
  ),
});
export type ResourceSample = v.InferOutput<typeof ResourceSample>;

/** What the container may use: without `cpus` every CPU of the host, as far as others leave them. */
export const ResourceLimits = v.object({ cpus: v.optional(amount), memoryBytes: v.optional(bytes) });
export type ResourceLimits = v.InferOutput<typeof ResourceLimits>;

/**
 * What a run has used, as far as its host can tell. `peakMemoryBytes` is the most that counted against the limit, file pages
 * included. `outOfMemory`: the kernel ended one of its processes at the memory limit.
 */
export const ResourceUse = v.object({
  peakMemoryBytes: v.optional(bytes),
  cpuSeconds: v.optional(amount),
  outOfMemory: v.optional(v.boolean()),
  limits: v.optional(ResourceLimits),
});
export type ResourceUse = v.InferOutput<typeof ResourceUse>;
