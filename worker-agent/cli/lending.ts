// What a machine lends and what jobs may use of it: the settings that `longshore agent` and `npm start` have in common.

import { homedir } from "node:os";
import type { Command } from "commander";
import * as v from "valibot";
import type { AgentOptions } from "../agent.ts";
import { defaultJobMs } from "../limits.ts";
import { addBuilding, Building, buildingOptions } from "./building.ts";
import { addContaining, Containing, type ContainingOptions, containingOptions } from "./containing.ts";
import { onOff, setting } from "./setting.ts";
import { count, duration, gpus, list, positiveNumber, proxy, pullPolicy, ranges, size, wholeNumber } from "./values.ts";

export const Lending = v.object({
  ...Containing.entries,
  ...Building.entries,
  slots: v.optional(v.number()),
  parked: v.optional(v.number()),
  cpus: v.optional(v.number()),
  memory: v.optional(v.number()),
  gpus: v.array(v.string()),
  maxJobDuration: v.number(),
  tag: v.array(v.string()),
  allowImage: v.array(v.string()),
  pull: v.union([v.picklist(["never", "missing"]), v.object({ afterMs: v.number() })]),
  allowRange: v.array(v.string()),
  proxy: v.optional(v.string()),
  proxyExcept: v.array(v.string()),
});
export type Lending = Readonly<v.InferOutput<typeof Lending>>;

export const connects = "Where it connects:";
const lends = "What it lends:";
const allows = "What jobs may use:";

export function addLending(command: Command, slots: string): Command {
  return addBuilding(
    addContaining(
      command
        .addOption(
          setting("--proxy <url>", "the HTTP proxy through which this machine reaches others", {
            env: "PROXY",
            parse: proxy,
            shown: "none",
            group: connects,
          }),
        )
        .addOption(
          setting("--proxy-except <hosts>", "hosts that it reaches without; .example.org are all below", {
            env: "PROXY_EXCEPT",
            parse: list,
            default: [],
            shown: "this machine",
            group: connects,
          }),
        )
        .addOption(
          setting("--slots <n>", "jobs at a time", {
            env: "SLOTS",
            parse: wholeNumber,
            shown: slots,
            group: lends,
          }),
        )
        .addOption(
          setting("--parked <n>", "containers started ahead at most, for jobs like those that have just run", {
            env: "PARKED",
            parse: count,
            shown: "as many as slots",
            group: lends,
          }),
        )
        .addOption(
          setting("-c, --cpus <n>", "CPUs to lend", {
            env: "CPUS",
            alsoEnv: ["METAPAGE_IO_WORKER_CPUS"],
            parse: positiveNumber,
            shown: "all",
            group: lends,
          }),
        )
        .addOption(
          setting("--memory <size>", "memory to lend, like 4g", {
            env: "MEMORY",
            parse: size,
            shown: "80 % of the machine's",
            group: lends,
          }),
        )
        .addOption(
          setting("-g, --gpus <which>", "NVIDIA GPUs to lend: a number, ids like device=1,3, or all", {
            env: "GPUS",
            alsoEnv: ["METAPAGE_IO_WORKER_GPUS"],
            parse: gpus,
            default: [],
            shown: "none",
            group: lends,
          }),
        )
        .addOption(
          setting("-t, --max-job-duration <time>", "the longest a job may run, like 90s, 5m or 1h30m", {
            env: "MAX_JOB_DURATION",
            alsoEnv: ["METAPAGE_IO_WORKER_JOB_MAX_DURATION"],
            parse: duration,
            default: defaultJobMs,
            shown: "5m",
            group: lends,
          }),
        )
        .addOption(
          setting("--tag <tags>", "what jobs may ask for; separated by commas, or repeated", {
            env: "TAGS",
            parse: list,
            default: [],
            shown: "none",
            group: lends,
          }),
        )
        .addOption(
          setting("--allow-image <names>", "private images that jobs may use; name* allows a beginning", {
            env: "ALLOW_IMAGES",
            parse: list,
            default: [],
            shown: "none",
            group: allows,
          }),
        )
        .addOption(
          setting(
            "--pull <when>",
            "ask registries never, for missing images, always, or for those older than a time like 1h",
            {
              env: "PULL",
              parse: pullPolicy,
              default: "missing",
              group: allows,
            },
          ),
        )
        .addOption(
          setting("--allow-range <cidrs>", "addresses that inputs may come from although they are not public", {
            env: "ALLOW_RANGES",
            parse: ranges,
            default: [],
            shown: "none",
            group: allows,
          }),
        ),
    ),
  );
}

/** A queue of one's own may use what this machine has. */
export function addTrust(command: Command): Command {
  const option = onOff("--trust", "the queues are my own: jobs may use every image of this machine", {
    env: "TRUST",
    group: allows,
  });
  return command.addOption(option);
}

/** The agent's options that these settings make. */
export function lendingOptions(
  lending: Lending,
): Pick<AgentOptions, "capacity" | "parked" | "allowImages" | "pull" | "allowRanges" | "proxy" | "builds"> &
  ContainingOptions {
  const { slots, parked, cpus, memory, gpus: devices, tag, maxJobDuration, allowImage, pull, allowRange } = lending;
  const { proxy: proxyUrl, proxyExcept } = lending;
  return {
    capacity: { slots, cpus, memoryBytes: memory, gpus: devices, tags: tag, maxDurationMs: maxJobDuration },
    parked,
    allowImages: allowImage,
    pull,
    allowRanges: allowRange,
    proxy: proxyUrl === undefined ? undefined : { url: proxyUrl, except: proxyExcept },
    ...containingOptions(lending),
    ...buildingOptions(lending),
  };
}

export function homeFolder(name: string): string {
  return `${homedir()}/.longshore/${name}`;
}
