// What the Docker engine answers, as far as the agent reads it: each answer is parsed once, by one of these schemas.

import * as v from "valibot";
import { EngineLost, messageOf } from "../fault.ts";
import { type Usage, workingSet } from "../usage/cgroup.ts";

/** The engine's answer to a request that it could not do. Without a status it was not reached. */
export class EngineError extends Error {
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined, cause: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** Whether the engine went away, as far as a failure and what caused it say. */
export function isEngineLoss(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof EngineLost || (one instanceof EngineError && one.status === undefined)) return true;
  }
  return false;
}

export function engineError(error: unknown, what: string): EngineError {
  const parsed = v.safeParse(
    v.object({ statusCode: v.number(), json: v.nullish(v.object({ message: v.string() })) }),
    error,
  );
  if (!parsed.success) return new EngineError(`Docker did not answer ${what}: ${messageOf(error)}`, undefined, error);
  const text = parsed.output.json?.message ?? messageOf(error).replace(/^\(HTTP code \d+\) [^-]*- /, "");
  return new EngineError(text.trim(), parsed.output.statusCode, error);
}

export const Info = v.object({
  NCPU: v.number(),
  MemTotal: v.number(),
  ServerVersion: v.string(),
  Driver: v.string(),
  MemoryLimit: v.optional(v.boolean()),
  PidsLimit: v.optional(v.boolean()),
  /** Podman's alone. */
  BuildahVersion: v.optional(v.string()),
  DockerRootDir: v.optional(v.string()),
  SecurityOptions: v.nullish(v.array(v.string()), []),
  OSType: v.string(),
  Architecture: v.string(),
  Runtimes: v.nullish(v.record(v.string(), v.unknown()), {}),
  DefaultRuntime: v.optional(v.string(), ""),
});

export const ContainerState = v.object({
  Id: v.string(),
  State: v.object({
    Status: v.string(),
    Running: v.boolean(),
    OOMKilled: v.boolean(),
    Pid: v.number(),
    ExitCode: v.number(),
    Error: v.string(),
    StartedAt: v.string(),
    FinishedAt: v.string(),
  }),
});
export type ContainerState = v.InferOutput<typeof ContainerState>;

export const Listed = v.array(
  v.object({
    Id: v.string(),
    State: v.string(),
    Labels: v.record(v.string(), v.string()),
    HostConfig: v.object({ NetworkMode: v.string() }),
  }),
);
export type ListedContainer = v.InferOutput<typeof Listed>[number];

const words = v.nullish(v.array(v.string()), []);
export const Image = v.object({
  Id: v.string(),
  RepoDigests: words,
  Size: v.optional(v.number(), 0),
  Config: v.nullish(
    v.object({
      Entrypoint: words,
      Cmd: words,
      Env: words,
      OnBuild: words,
      Labels: v.nullish(v.record(v.string(), v.string()), {}),
    }),
  ),
});
export interface ImageInfo {
  readonly id: string;
  /** What it takes, layers that it shares with others included. */
  readonly bytes: number;
  /** Names by which registries have it, `repository@sha256:...`. */
  readonly digests: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly onBuild: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** `NAME=value` each. */
  readonly env: readonly string[];
}

export const Network = v.object({
  Options: v.nullish(v.record(v.string(), v.string()), {}),
  IPAM: v.object({ Config: v.nullish(v.array(v.object({ Subnet: v.string(), Gateway: v.optional(v.string()) })), []) }),
});
export const ListedNetworks = v.array(v.object({ Labels: v.nullish(v.record(v.string(), v.string()), {}) }));
export interface NetworkInfo {
  readonly options: Readonly<Record<string, string>>;
  readonly subnets: readonly { readonly subnet: string; readonly gateway: string | undefined }[];
}

const counted = v.nullish(v.number());
export const Stats = v.object({
  cpu_stats: v.object({ cpu_usage: v.object({ total_usage: v.number() }) }),
  memory_stats: v.object({
    usage: counted,
    max_usage: counted,
    stats: v.nullish(v.object({ inactive_file: counted, total_inactive_file: counted })),
  }),
});

/** A container that has ended has no memory in its answer. The engine does not tell how often the kernel ended a process. */
export function usageOf({ cpu_stats: cpu, memory_stats: memory }: v.InferOutput<typeof Stats>): Usage | undefined {
  const { usage, max_usage: peak, stats } = memory;
  if (usage === null || usage === undefined) return undefined;
  return {
    cpuSeconds: cpu.cpu_usage.total_usage / 1e9,
    memoryBytes: workingSet(usage, stats?.total_inactive_file ?? stats?.inactive_file ?? 0),
    peakMemoryBytes: peak ?? undefined,
    oomKills: 0,
  };
}

export const ImageList = v.array(
  v.object({
    Id: v.string(),
    RepoTags: v.nullish(v.array(v.string()), []),
    /** Seconds since 1970. */
    Created: v.number(),
    Size: v.number(),
  }),
);
export interface ListedImage {
  readonly id: string;
  readonly names: readonly string[];
  readonly createdAt: number;
  readonly bytes: number;
}
