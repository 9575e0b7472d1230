// What the engine is told to create for a job: its rights, limits and mounts. Pure.

import type { Held } from "../../wire/agentMessages.ts";
import type { JobDefinition } from "../../wire/definition.ts";
import type { QueueHash } from "../../wire/ids.ts";
import type { ConfigMount } from "../files/inputs.ts";
import type { Allowance } from "../job/allowance.ts";
import type { Argv } from "../job/command.ts";
import { engineLog } from "../limits.ts";

/** Labels by which an agent knows its containers again. */
export const labels = {
  agent: "longshore.agent",
  queue: "longshore.queue",
  job: "longshore.job",
  attempt: "longshore.attempt",
  /** On the agent's network: where it lives. */
  home: "longshore.home",
  /** On the agent's own containers, which are no jobs: what for. */
  own: "longshore.own",
} as const;

/** What every container of a queue's jobs is told, whether its job is known yet or not. */
export interface ContainerPlan {
  readonly agent: string;
  readonly queue: QueueHash;
  readonly definition: JobDefinition;
  readonly imageId: string;
  /** Folders and files on the host. */
  readonly mounts: {
    readonly inputs: string;
    readonly outputs: string;
    readonly jobCache: string;
    readonly config: readonly ConfigMount[];
  };
  readonly allowance: Allowance;
  /** Whether the engine can hold what the container writes into its own file system to a size. */
  readonly quota: boolean;
  readonly gpus: readonly string[];
  /** The engine's own if there is none. */
  readonly runtime: string | undefined;
  readonly network: { readonly NetworkMode: string };
}

export interface JobPlan extends ContainerPlan, Held {
  /** The runtime gives every container the GPUs that a variable of its image asks for. */
  readonly givesGpus: boolean;
  readonly argv: Argv;
  readonly env: Readonly<Record<string, string>>;
}

export interface ParkedPlan extends ContainerPlan {
  /** What waits for a job. */
  readonly helper: readonly string[];
  /** Variables that the image sets and the helper must not see. */
  readonly withoutEnv: readonly string[];
}

/** What software in common images needs to start and to drop its rights itself. */
export const capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "KILL", "NET_BIND_SERVICE"];

/** Names are unique for an attempt, so the engine itself refuses to create it twice. */
export function containerName({ agent, job, attempt }: Pick<JobPlan, "agent" | "job" | "attempt">): string {
  return `longshore-${agent.slice(0, 8)}-${job.slice(0, 16)}-${attempt}`;
}

/** The body of POST /containers/create. */
export function containerOptions(plan: JobPlan) {
  const { argv } = plan;
  return {
    ...sharedOptions(plan),
    ...(argv.entrypoint ? { Entrypoint: argv.entrypoint } : {}),
    ...(argv.cmd ? { Cmd: argv.cmd } : {}),
    Env: Object.entries({ ...plan.env, ...ownGpus(plan) }).map(([name, value]) => `${name}=${value}`),
    Labels: { ...labelsOf(plan), [labels.job]: plan.job, [labels.attempt]: plan.attempt },
  };
}

/** The same container for a job that is not there yet: its process is the helper. */
export function parkedOptions(plan: ParkedPlan) {
  return {
    ...sharedOptions(plan),
    Entrypoint: plan.helper,
    Cmd: [],
    // A name without a value takes the image's away.
    Env: plan.withoutEnv,
    Labels: { ...labelsOf(plan), [labels.own]: "parked" },
  };
}

/** https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html */
function ownGpus({ givesGpus, gpus }: JobPlan) {
  return givesGpus ? { NVIDIA_VISIBLE_DEVICES: gpus.length === 0 ? "void" : gpus.join(",") } : {};
}

function labelsOf({ agent, queue }: ContainerPlan) {
  return { [labels.agent]: agent, [labels.queue]: queue };
}

function sharedOptions(plan: ContainerPlan) {
  const { definition, mounts, gpus, allowance } = plan;
  return {
    Image: plan.imageId,
    ...(definition.workdir !== undefined && definition.workdir !== "" ? { WorkingDir: definition.workdir } : {}),
    // A job ends by itself; and in a container that waits, nothing of the image may run.
    Healthcheck: { Test: ["NONE"] },
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    HostConfig: {
      ...plan.network,
      ...(plan.runtime === undefined ? {} : { Runtime: plan.runtime }),
      AutoRemove: false,
      // docker-init would be mounted into the image's /sbin; `stopContainer` does without it.
      Init: false,
      CapDrop: ["ALL"],
      CapAdd: capabilities,
      SecurityOpt: ["no-new-privileges"],
      ...limitsOf(allowance),
      ...(plan.quota ? { StorageOpt: { size: String(allowance.diskBytes) } } : {}),
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

/** @throws an Error with a sentence when the engine could not start a container with it. */
export function refuseUnknownRuntime(runtime: string | undefined, known: readonly string[]): void {
  if (runtime === undefined || known.includes(runtime)) return;
  throw new Error(
    `This Docker engine has no runtime ${JSON.stringify(runtime)}; it has ${known.join(", ")}. Its daemon.json adds others.`,
  );
}

/** What is the matter with an engine whose containers' root is another user of its machine. */
export const mappedUsers = {
  fault: "This Docker engine maps users (userns-remap): its containers can't read this agent's folders.",
  remedy: "Lend an engine without that setting, or a rootless one of the agent's own user (DOCKER_HOST).",
} as const;

function limitsOf({ pids, memoryBytes, cpus, shmBytes }: Allowance) {
  return {
    PidsLimit: pids,
    Memory: memoryBytes,
    // Swap is memory too: without this limit a container gets the same again as swap.
    MemorySwap: memoryBytes,
    // Equal shares of what is free; a quota only for who asks for a number of CPUs.
    CpuShares: 1024,
    ...(cpus === undefined ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
    ...(shmBytes === undefined ? {} : { ShmSize: shmBytes }),
  };
}

function bind(source: string, target: string, readOnly: boolean) {
  return { Type: "bind", Source: source, Target: target, ReadOnly: readOnly };
}
