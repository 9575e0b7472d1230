// How jobs are held in: the settings of the fence, the runtime and a job's disk and processes.

import type { Command } from "commander";
import * as v from "valibot";
import type { AgentOptions } from "../agent.ts";
import { fenceModes } from "../docker/network.ts";
import { sizeText } from "../job/allowance.ts";
import { jobCacheModes } from "../job/jobFolder.ts";
import { inputCacheBytes, jobCacheBytes, jobDiskBytes, keepFreeBytes, pidsMax } from "../limits.ts";
import { setting } from "./setting.ts";
import { size, wholeNumber } from "./values.ts";

export const Containing = v.object({
  fence: v.picklist(fenceModes),
  toolsImage: v.optional(v.string()),
  runtime: v.optional(v.string()),
  jobDisk: v.number(),
  jobCacheSize: v.number(),
  jobCache: v.picklist(jobCacheModes),
  jobPids: v.number(),
  cacheSize: v.number(),
  keepFree: v.number(),
});
type Containing = Readonly<v.InferOutput<typeof Containing>>;
export type ContainingOptions = Pick<AgentOptions, "fence" | "toolsImage" | "runtime" | "limits" | "jobCache" | "room">;

const holds = "How jobs are held in:";

export function addContaining(command: Command): Command {
  return command
    .addOption(
      setting(
        "--fence <how>",
        "jobs that can't be fenced: auto gives them no network, required ends the agent, off lets them",
        {
          env: "FENCE",
          choices: fenceModes,
          default: "auto",
          group: holds,
        },
      ),
    )
    .addOption(
      setting("--tools-image <name>", "an image with a shell and iproute2, where this machine's can't be used", {
        env: "TOOLS_IMAGE",
        shown: "made of this machine's",
        group: holds,
      }),
    )
    .addOption(
      setting("--runtime <name>", "what runs containers, like crun or runsc", {
        env: "RUNTIME",
        shown: "the engine's own",
        group: holds,
      }),
    )
    .addOption(
      setting("--job-disk <size>", "what one job may write", {
        env: "JOB_DISK",
        parse: size,
        default: jobDiskBytes,
        shown: sizeText(jobDiskBytes),
        group: holds,
      }),
    )
    .addOption(
      setting("--job-cache-size <size>", "what the jobs of a queue may keep in /job-cache", {
        env: "JOB_CACHE_SIZE",
        parse: size,
        default: jobCacheBytes,
        shown: sizeText(jobCacheBytes),
        group: holds,
      }),
    )
    .addOption(
      setting("--job-cache <whose>", "/job-cache is one for all jobs of a queue, or new for each job", {
        env: "JOB_CACHE",
        choices: jobCacheModes,
        default: "queue",
        group: holds,
      }),
    )
    .addOption(
      setting("--job-pids <n>", "processes and threads of one job", {
        env: "JOB_PIDS",
        parse: wholeNumber,
        default: pidsMax,
        group: holds,
      }),
    )
    .addOption(
      setting("--cache-size <size>", "what is kept of inputs for later jobs", {
        env: "CACHE_SIZE",
        parse: size,
        default: inputCacheBytes,
        shown: sizeText(inputCacheBytes),
        group: holds,
      }),
    )
    .addOption(
      setting("--keep-free <size>", "what stays free on the disk: caches and images that nobody uses make room", {
        env: "KEEP_FREE",
        parse: size,
        default: keepFreeBytes,
        shown: sizeText(keepFreeBytes),
        group: holds,
      }),
    );
}

/** The agent's options that these settings make. */
export function containingOptions(flags: Containing): ContainingOptions {
  const { fence, toolsImage, runtime, jobDisk, jobCacheSize, jobPids, jobCache, cacheSize, keepFree } = flags;
  return {
    fence,
    ...(toolsImage === undefined ? {} : { toolsImage }),
    ...(runtime === undefined ? {} : { runtime }),
    limits: { diskBytes: jobDisk, jobCacheBytes: jobCacheSize, pids: jobPids },
    jobCache,
    room: { cacheBytes: cacheSize, keepFreeBytes: keepFree },
  };
}
