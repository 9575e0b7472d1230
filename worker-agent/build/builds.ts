// The images that definitions describe instead of naming one: built once for each queue and content, however many jobs wait.
// What a build may reach, use and see is what a job may.

import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Build } from "../../wire/definition.ts";
import type { QueueHash } from "../../wire/ids.ts";
import type { Engine } from "../docker/engine.ts";
import type { ImageInfo } from "../docker/engineAnswers.ts";
import type { JobNetwork } from "../docker/network.ts";
import { JobFault, messageOf } from "../fault.ts";
import type { ContentCache } from "../files/cache.ts";
import type { GuardOptions } from "../files/guard.ts";
import type { Sources } from "../files/sources.ts";
import { Audience, type ImageWatcher } from "../images/audience.ts";
import { buildLabels, builtBy, builtName, builtRepository } from "../images/builtName.ts";
import type { Images } from "../images/images.ts";
import type { ImageRecords } from "../images/records.ts";
import type { LogSink } from "../log.ts";
import type { World } from "../world.ts";
import { contextOf, recipeIn, writeContext } from "./context.ts";
import { refuseTrigger } from "./dockerfile.ts";
import { extrasTag, importExtras, removeExtras } from "./extras.ts";
import { filesOf } from "./git.ts";
import type { GitOptions } from "./gitProgram.ts";
import { LfsFiles } from "./lfs.ts";
import { type Origin, Origins } from "./origins.ts";
import { planBuild } from "./plan.ts";
import { runBuild } from "./run.ts";
import { fetchWithSubmodules, type GitPart } from "./submodules.ts";
import { archiveTree, noTree, type Tree, tarTree } from "./tree.ts";
import { argumentsOf } from "./variables.ts";

/** What of this host builds get, because its operator says so. */
export interface BuildSettings {
  /** Variables of steps: proxies, package indexes. Whoever builds can read them. */
  readonly variables: ReadonlyMap<string, string>;
  /** A file of certificates that steps, and `git`, trust. */
  readonly certificates?: string;
  readonly limitMs: number;
}

export interface BuildsOptions {
  readonly engine: Engine;
  readonly images: Images;
  readonly records: ImageRecords;
  readonly network: JobNetwork;
  readonly cache: ContentCache;
  readonly guard: GuardOptions;
  readonly settings: BuildSettings;
  /** Whether the queues are the operator's own. */
  readonly trusted: boolean;
  readonly agent: string;
  /** For what is only here while something is built. */
  readonly folder: string;
  readonly world: World;
  readonly log: LogSink;
}

export interface BuildRequest {
  readonly build: Build;
  readonly queue: QueueHash;
  readonly sources: Sources;
  readonly memoryBytes: number;
  readonly cpus: number | undefined;
  readonly pids: number;
  readonly diskBytes: number;
}

export class Builds {
  readonly #options: BuildsOptions;
  readonly #audience = new Audience<void>();
  readonly #origins: Origins;

  private constructor(options: BuildsOptions) {
    this.#options = options;
    this.#origins = new Origins({
      cache: options.cache,
      world: options.world,
      gitOptions: (folder) => this.#gitOptions(folder),
      temporary: (work) => this.#temporary(work),
    });
  }

  /** What builds of an earlier process have left is removed. */
  static async open(options: BuildsOptions): Promise<Builds> {
    await rm(options.folder, { recursive: true, force: true });
    await removeExtras(options.engine, options.agent);
    return new Builds(options);
  }

  /** @throws JobFault with a sentence when it can't be built. */
  async ensure(request: BuildRequest, watcher: ImageWatcher, signal: AbortSignal): Promise<ImageInfo> {
    const { build, queue, sources } = request;
    const { engine, records, world } = this.#options;
    const buildArgs = argumentsOf(build);
    const origin = await this.#origins.of(build.context, sources, watcher, signal);
    const name = builtName(queue, this.#keyOf(build, origin));
    const built = async () => {
      const image = await engine.images.find(name, signal);
      return image && builtBy(image) === queue ? image : undefined;
    };
    const before = await built();
    if (before) {
      await records.used(name, before.id);
      return before;
    }
    await this.#audience.join(name, watcher, signal, async (tell, signal) => {
      await this.#temporary((folder) => this.#build({ ...request, origin, name, folder, buildArgs }, tell, signal));
      const image = await built();
      if (image) await records.add({ name, id: image.id, from: "build", ours: true, askedAt: world.now() });
    });
    const image = await built();
    if (!image) throw new JobFault("The image was built and is gone again: run the job again.");
    return image;
  }

  async #build(task: Task, tell: ImageWatcher, signal: AbortSignal): Promise<void> {
    const { build, queue, sources, origin, folder, buildArgs } = task;
    const { engine, images, network, settings, agent, trusted, world, log } = this.#options;
    const { variables, certificates } = settings;
    const platform = await this.#platform(build.platform, signal);
    const { tree, parts } = await this.#tree(origin, folder, tell, signal);
    const wanted = {
      dockerfile: build.dockerfile,
      filename: build.filename,
      buildContext: build.buildContext,
      source: origin.shown,
    };
    const recipe = await recipeIn(tree, origin.kind === "archive", wanted, signal);
    const plan = planBuild(recipe.dockerfile, {
      buildArgs,
      platform,
      settings: variables,
      certificates: certificates !== undefined,
      unpacks: trusted,
    });
    const ids = new Map<string, string>();
    for (const image of plan.images) {
      const { id, onBuild } = await images.ensure(image, queue, tell, signal);
      for (const trigger of onBuild) refuseTrigger(trigger, `The image ${JSON.stringify(image)}`, trusted);
      ids.set(image, id);
    }
    const labels = { [buildLabels.queue]: queue, [buildLabels.agent]: agent };
    const tag = `${extrasTag}${world.newId()}`;
    const lfs = new LfsFiles({ parts, sources, folder: join(folder, "lfs"), tell });
    const files = lfs.filled(contextOf(tree, recipe), recipe.prefix);
    const image = { repository: builtRepository, tag, labels };
    const extrasOptions = { engine, sources, context: files, folder, ...image, certificates };
    const extras = await importExtras(plan.extras, extrasOptions, signal);
    try {
      const { dockerfile, steps } = plan.write({ idOf: (image) => ids.get(image) ?? image, extras, labels });
      const context = join(folder, "context.tar");
      const count = await writeContext(files, dockerfile, context, signal);
      if (origin.kind !== "none") tell.line(`The context has ${count} files.`, "docker build");
      if (lfs.remark !== undefined) tell.line(lfs.remark, "docker build");
      const place = await network.place(queue);
      try {
        if (!trusted && !place.filtered)
          throw new JobFault(
            "This agent can't fence the steps of a build: it may not set its host's packet filter. Name a ready `image` instead of a `build`, or run the job where the queue is the operator's own (--trust).",
          );
        const args = { ...Object.fromEntries(variables), ...Object.fromEntries(buildArgs) };
        const networkMode = place.hostConfig.NetworkMode;
        const run = { ...task, engine, context, steps, networkMode, buildArgs: args, labels, target: build.target };
        await runBuild({ ...run, limitMs: settings.limitMs, now: world.elapsed, log }, tell, signal);
      } finally {
        place.leave();
      }
    } finally {
      if (extras !== undefined) await engine.images.remove(`${builtRepository}:${tag}`);
    }
  }

  async #tree(origin: Origin, folder: string, tell: ImageWatcher, signal: AbortSignal): Promise<Found> {
    switch (origin.kind) {
      case "none":
        return { tree: noTree, parts: [] };
      case "archive": {
        const path = join(folder, "archive");
        await this.#options.cache.materialise(origin.hash, path);
        return { tree: await archiveTree(path, origin.shown), parts: [] };
      }
      case "git": {
        const git = this.#gitOptions(join(folder, "git"));
        tell.line(`Fetching ${origin.shown} at ${origin.commit}`, "cloning repo");
        const parts = await fetchWithSubmodules(origin.source, origin, git, tell, signal);
        return { tree: tarTree(...parts.map((part) => () => filesOf(part, signal))), parts };
      }
    }
  }

  /** Everything that decides what comes out, the credential too: who has none must not get what another one's brought. */
  #keyOf(build: Build, origin: Origin): string {
    const { settings } = this.#options;
    const { dockerfile, filename, buildContext, target, platform, buildArgs } = build;
    const host = [[...settings.variables], settings.certificates];
    const parts = { origin: origin.key, dockerfile, filename, buildContext, target, platform, buildArgs, host };
    return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  }

  async #platform(asked: string | undefined, signal: AbortSignal): Promise<string> {
    const { architecture } = await this.#options.engine.info(signal);
    const platform = `linux/${architecture}`;
    if (asked === undefined || asked === "" || asked === platform || asked.startsWith(`${platform}/`)) return platform;
    throw new JobFault(
      `The build is for ${asked}, and this agent's machine is ${platform}: leave \`platform\` out, or run the job on an agent of that kind.`,
    );
  }

  #gitOptions(folder: string): GitOptions {
    const { guard, world, settings } = this.#options;
    return { folder, guard, newId: world.newId, certificates: settings.certificates };
  }

  async #temporary<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const { folder: root, world, log } = this.#options;
    const folder = join(root, world.newId());
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
        log({ event: "build not cleaned up", level: "warn", message: messageOf(error) });
      });
    }
  }
}

/** What is built from, and the repositories that it is made of. */
interface Found {
  readonly tree: Tree;
  readonly parts: readonly GitPart[];
}

interface Task extends BuildRequest {
  readonly origin: Origin;
  readonly name: string;
  readonly folder: string;
  readonly buildArgs: ReadonlyMap<string, string>;
}
