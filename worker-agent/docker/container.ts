// What the engine is told to create for a job: its rights, limits and mounts. Pure.

import type { Held } from "../../wire/agentMessages.ts";
import type { JobDefinition } from "../../wire/definition.ts";
import type { QueueHash } from "../../wire/ids.ts";
import { sizeBytes } from "../../wire/units.ts";
import type { ConfigMount } from "../files/inputs.ts";
import type { Argv } from "../job/command.ts";
import { cpusMin, engineLog, memoryBytesMin, pidsMax } from "../limits.ts";

/** Labels by which an agent knows its containers again. */
export const labels = {
  agent: "longshore.agent",
  queue: "longshore.queue",
  job: "longshore.job",
  attempt: "longshore.attempt",
  /** On the agent's own containers, which are no jobs: what for. */
  own: "longshore.own",
} as const;

export interface ContainerPlan extends Held {
  readonly agent: string;
  readonly queue: QueueHash;
  readonly definition: JobDefinition;
  readonly imageId: string;
  readonly argv: Argv;
  readonly env: Readonly<Record<string, string>>;
  /** Folders and files on the host. */
  readonly mounts: {
    readonly inputs: string;
    readonly outputs: string;
    readonly jobCache: string;
    readonly config: readonly ConfigMount[];
  };
  /** What the agent offers, the limit of a job that names none. */
  readonly memoryBytes: number;
  readonly gpus: readonly string[];
  readonly network: { readonly NetworkMode: string };
}

/** What software in common images needs to start and to drop its rights itself. */
export const capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "KILL", "NET_BIND_SERVICE"];

/** Names are unique for an attempt, so the engine itself refuses to create it twice. */
export function containerName({ agent, job, attempt }: Pick<ContainerPlan, "agent" | "job" | "attempt">): string {
  return `longshore-${agent.slice(0, 8)}-${job.slice(0, 16)}-${attempt}`;
}

/** The body of POST /containers/create. */
export function containerOptions(plan: ContainerPlan) {
  const { definition, argv, mounts, gpus } = plan;
  const shmSize = definition.shmSize === undefined ? undefined : sizeBytes(definition.shmSize);
  return {
    Image: plan.imageId,
    ...(argv.entrypoint ? { Entrypoint: argv.entrypoint } : {}),
    ...(argv.cmd ? { Cmd: argv.cmd } : {}),
    ...(definition.workdir !== undefined && definition.workdir !== "" ? { WorkingDir: definition.workdir } : {}),
    Env: Object.entries(plan.env).map(([name, value]) => `${name}=${value}`),
    Labels: {
      [labels.agent]: plan.agent,
      [labels.queue]: plan.queue,
      [labels.job]: plan.job,
      [labels.attempt]: plan.attempt,
    },
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    HostConfig: {
      ...plan.network,
      AutoRemove: false,
      // docker-init would be mounted into the image's /sbin; `stopContainer` does without it.
      Init: false,
      CapDrop: ["ALL"],
      CapAdd: capabilities,
      SecurityOpt: ["no-new-privileges"],
      PidsLimit: pidsMax,
      ...memoryLimit(plan),
      ...cpuLimit(definition),
      ...(shmSize === undefined ? {} : { ShmSize: shmSize }),
      ...(gpus.length === 0
        ? {}
        : { DeviceRequests: [{ Driver: "nvidia", DeviceIDs: gpus, Capabilities: [["gpu"]] }] }),
      LogConfig: { Type: "local", Config: engineLog },
      // Mounts, not Binds: in a bind's text a colon in a file's name would end it.
      Mounts: [
        bind(mounts.inputs, "/inputs", true),
        bind(mounts.outputs, "/outputs", false),
        bind(mounts.jobCache, "/job-cache", false),
        ...mounts.config.map(({ hostPath, containerPath }) => bind(hostPath, containerPath, true)),
      ],
    },
  };
}

/** Swap is memory too: without the second limit a container gets the same again as swap. */
function memoryLimit({ definition, memoryBytes }: ContainerPlan) {
  const named = definition.requirements?.memory;
  const limit = Math.max(memoryBytesMin, (named === undefined ? undefined : sizeBytes(named)) ?? memoryBytes);
  return { Memory: limit, MemorySwap: limit };
}

/** Equal shares of what is free; a quota only for who asks for a number of CPUs. */
function cpuLimit({ requirements }: JobDefinition) {
  const cpus = requirements?.cpus ?? 0;
  return { CpuShares: 1024, ...(cpus > 0 ? { NanoCpus: Math.round(Math.max(cpusMin, cpus) * 1e9) } : {}) };
}

function bind(source: string, target: string, readOnly: boolean) {
  return { Type: "bind", Source: source, Target: target, ReadOnly: readOnly };
}
