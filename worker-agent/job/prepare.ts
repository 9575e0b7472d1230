// From a definition to a created container: inputs, image, rights and mounts.

import type { Held } from "../../wire/agentMessages.ts";
import type { JobDefinition } from "../../wire/definition.ts";
import type { QueueHash } from "../../wire/ids.ts";
import type { Builds } from "../build/builds.ts";
import { containerName, containerOptions } from "../docker/container.ts";
import type { DiskQuota } from "../docker/diskQuota.ts";
import type { Engine } from "../docker/engine.ts";
import { EngineError, type ImageInfo } from "../docker/engineAnswers.ts";
import type { JobNetwork, Place } from "../docker/network.ts";
import type { TakeOver } from "../docker/takeOver.ts";
import { JobFault } from "../fault.ts";
import type { ContentCache } from "../files/cache.ts";
import type { GuardOptions } from "../files/guard.ts";
import { type ConfigMount, type InputTools, prepareInputs } from "../files/inputs.ts";
import { Sources } from "../files/sources.ts";
import type { ImageWatcher } from "../images/audience.ts";
import { imageUsed } from "../images/imageName.ts";
import type { Images } from "../images/images.ts";
import type { LogSink } from "../log.ts";
import type { ParkedContainer } from "../parked/parkedContainer.ts";
import type { Parking } from "../parked/parking.ts";
import { Together } from "../pool.ts";
import type { Share } from "../queue/capacity.ts";
import type { World } from "../world.ts";
import type { Adopted } from "./adopt.ts";
import type { Allowance, JobLimits } from "./allowance.ts";
import { argvOf } from "./command.ts";
import { environmentOf } from "./environment.ts";
import {
  type JobCacheMode,
  type JobFolder,
  type JobRecord,
  makeJobCache,
  makeJobFolder,
  moveJobFolder,
  writeJobRecord,
} from "./jobFolder.ts";
import type { JobLog } from "./jobLog.ts";
import type { Phases, ProgressNote } from "./phases.ts";
import type { Places } from "./places.ts";

export interface JobTask extends Held {
  readonly queue: QueueHash;
  readonly definition: JobDefinition;
  /** The deployment's addresses, the public one first. */
  readonly origins: readonly string[];
  readonly share: Share;
  /** A container that an earlier process of this agent left, with what its folder remembers. */
  readonly adopted?: Adopted;
}

export interface JobTools {
  readonly engine: Engine;
  readonly world: World;
  readonly agent: string;
  readonly api: string;
  readonly jobs: string;
  readonly jobCaches: string;
  readonly jobCache: JobCacheMode;
  readonly cache: ContentCache;
  readonly images: Images;
  readonly builds: Builds;
  readonly network: JobNetwork;
  readonly parking: Parking;
  readonly takeOver: TakeOver;
  readonly guard: GuardOptions;
  readonly limits: JobLimits;
  readonly quota: DiskQuota;
  /** What runs containers, if not the engine's own choice. */
  readonly runtime: string | undefined;
  readonly givesGpus: boolean;
  readonly log: LogSink;
}

/** One attempt while it lives. */
export interface Life {
  readonly task: JobTask;
  readonly tools: JobTools;
  readonly folder: JobFolder;
  /** A container that waits for such a job, if there is one. */
  readonly parked: Promise<ParkedContainer | undefined>;
  /** Where its container is or will be. */
  readonly places: Places;
  readonly log: JobLog;
  readonly phases: Phases;
  readonly beganAt: number;
  readonly allowance: Allowance;
  /** The folder behind /job-cache. */
  readonly jobCache: string;
}

/** What a container needs before it can be created. */
export interface Prepared {
  readonly config: readonly ConfigMount[];
  readonly image: ImageInfo;
}

/** Everything at once. @throws JobFault when an input, the image or a network can't be had. */
export async function prepare(life: Life, signal: AbortSignal): Promise<Prepared> {
  const { task, tools, folder, places, log, phases } = life;
  const { definition } = task;
  for (const remark of life.allowance.remarks) log.note(remark);
  const sources = new Sources({
    api: tools.api,
    origins: task.origins,
    guard: tools.guard,
    random: tools.world.random,
  });
  const watch = { tell: (note: ProgressNote) => phases.note("inputs", note), now: tools.world.elapsed };
  const inputTools: InputTools = { api: tools.api, cache: tools.cache, sources, watch };
  const watcher: ImageWatcher = {
    line: (text, step) => log.note(text, step),
    progress: (note) => phases.note("image", note),
  };
  const parts = new Together(signal);
  const isOwn = tools.jobCache === "job";
  const [config, image] = await parts.all(
    Promise.all([
      parts.begin((signal) =>
        phases.during("inputs", async () => {
          const parked = await life.parked;
          const { takeOver } = tools;
          await (parked ? moveJobFolder(parked.folder, folder, takeOver) : makeJobFolder(folder, takeOver));
          if (isOwn) await makeJobCache(life.jobCache);
          return await prepareInputs(definition, folder, inputTools, signal);
        }),
      ),
      parts.begin((signal) => phases.during("image", () => imageFor(life, sources, watcher, signal))),
      parts.begin(async () => isOwn || (await makeJobCache(life.jobCache))),
      parts.begin(() => places.current()),
    ]),
  );
  return { config, image };
}

async function imageFor(
  { task, tools, allowance }: Life,
  sources: Sources,
  watcher: ImageWatcher,
  signal: AbortSignal,
): Promise<ImageInfo> {
  const { queue, definition } = task;
  const { image, build } = definition;
  if (build) {
    const { memoryBytes, cpus, pids, diskBytes } = allowance;
    const limits = { memoryBytes, cpus, pids, diskBytes };
    return await tools.builds.ensure({ build, queue, sources, ...limits }, watcher, signal);
  }
  if (image === undefined) throw new JobFault("The job names no `image`, and no `build` to make one.");
  return await tools.images.ensure(image, queue, watcher, signal);
}

/** The created container's id. @throws JobFault when the engine refuses it. */
export async function create(
  life: Life,
  { config, image }: Prepared,
  network: Place["hostConfig"],
  signal: AbortSignal,
): Promise<string> {
  const { task, tools, folder, allowance, jobCache } = life;
  const { definition, share } = task;
  const env = envOf(life);
  const plan = {
    ...task,
    agent: tools.agent,
    imageId: image.id,
    argv: argvOf(definition, env, image.entrypoint),
    env,
    mounts: { inputs: folder.inputs, outputs: folder.outputs, jobCache, config },
    allowance,
    gpus: share.gpus,
    runtime: tools.runtime,
    givesGpus: tools.givesGpus,
    network,
  };
  const name = containerName({ ...task, agent: tools.agent });
  signal.throwIfAborted();
  try {
    // Without the signal: a request that is given up may still create a container that nobody knows. The record must be
    // there before the start; a container that was only created is no attempt yet.
    const parts = new Together(signal);
    const created = parts.begin(() =>
      tools.quota.create((quota) => tools.engine.create(name, containerOptions({ ...plan, quota }))),
    );
    const recorded = parts.begin(() => writeJobRecord(folder, recordOf(life, image), tools.world.newId));
    const [id] = await parts.all(Promise.all([created, recorded]));
    return id;
  } catch (cause) {
    if (!(cause instanceof EngineError) || cause.status === undefined) throw cause;
    throw new JobFault(`The container could not be created: ${cause.message.replace(/\.$/, "")}.`, { cause });
  }
}

/** What the job's process finds in its environment, beside what the image sets. */
export function envOf({ task, tools }: Pick<Life, "task" | "tools">): Readonly<Record<string, string>> {
  const { definition, job: id, share } = task;
  return environmentOf(definition, { id, origin: originOf({ task, tools }), gpus: share.gpus.length });
}

/** The deployment's public address. */
export function originOf({ task, tools }: Pick<Life, "task" | "tools">): string {
  return task.origins[0] ?? tools.api;
}

export function recordOf({ task, log, phases, beganAt }: Life, image: ImageInfo): JobRecord {
  const { job, attempt, queue, definition, origins, share } = task;
  return {
    job,
    attempt,
    queue,
    definition,
    origins: [...origins],
    gpus: [...share.gpus],
    beganAt,
    linesBefore: log.count,
    phases: phases.times(),
    image: imageUsed(image, definition.image),
  };
}
