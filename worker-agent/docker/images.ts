// The images that jobs run: used if present, pulled if not, one pull for each name however many jobs wait. For queues that are
// not the operator's own, only images that everyone could get: the others on this machine may be private.

import { join } from "node:path";
import type { Readable } from "node:stream";
import * as v from "valibot";
import { readJson, writeWhole } from "../atomicFile.ts";
import { JobFault, messageOf } from "../fault.ts";
import { type GuardOptions, guardedAddress } from "../files/guard.ts";
import { imageRecordsMax, progressEveryMs, pullMs, pullSilenceMs } from "../limits.ts";
import { within } from "../retry.ts";
import { SharedWork } from "../shared.ts";
import type { World } from "../world.ts";
import type { Engine } from "./engine.ts";
import { EngineError, type ImageInfo } from "./engineAnswers.ts";
import { dockerHub, type ImageName, isNamedBy, parseImageName } from "./imageName.ts";
import { PullEvent, PullProgress, pullFault } from "./pullProgress.ts";

export interface ImagesOptions {
  readonly engine: Engine;
  readonly dataDir: string;
  readonly guard: GuardOptions;
  /** Names that the operator allows on every queue. */
  readonly allowImages: readonly string[];
  readonly world: World;
}

/** Who waits for an image hears how far it is. */
export interface PullWatcher {
  readonly line: (text: string) => void;
  readonly progress: (message: string) => void;
}

const Records = v.object({ pulled: v.array(v.string()) });

export class Images {
  readonly #options: ImagesOptions;
  readonly #path: string;
  readonly #pulls = new SharedWork<void>();
  readonly #watchers = new Map<string, Set<PullWatcher>>();
  /** Ids of images that this agent pulled without a login. */
  #pulled: readonly string[];

  private constructor(options: ImagesOptions, path: string, pulled: readonly string[]) {
    this.#options = options;
    this.#path = path;
    this.#pulled = pulled;
  }

  static async open(options: ImagesOptions): Promise<Images> {
    const path = join(options.dataDir, "images.json");
    const parsed = v.safeParse(Records, await readJson(path));
    return new Images(options, path, parsed.success ? parsed.output.pulled : []);
  }

  /** @throws JobFault with a sentence when the job can't have this image. */
  async ensure(name: string, trusted: boolean, watcher: PullWatcher, signal: AbortSignal): Promise<ImageInfo> {
    const parsed = parseImageName(name);
    if (!parsed)
      throw new JobFault(
        `${JSON.stringify(name)} is not the name of an image; one looks like python:3.12 or ghcr.io/someone/something:1.`,
      );
    const allowed = trusted || isNamedBy(this.#options.allowImages, name);
    const present = await this.#options.engine.image(name, signal);
    if (present) {
      if (allowed || this.#pulled.includes(present.id)) return present;
      throw new JobFault(
        `The image ${JSON.stringify(name)} is on the agent's machine but may be private, so jobs of this queue can't use it. ` +
          `The agent's operator can allow it with --allow-image ${name}.`,
      );
    }
    if (!allowed) await this.#refusePrivateRegistry(name, parsed);
    await this.#pullOnce(name, parsed, watcher, signal);
    const pulled = await this.#options.engine.image(name, signal);
    if (!pulled) throw new JobFault(`The image ${JSON.stringify(name)} was pulled and is gone again.`);
    return pulled;
  }

  async #pullOnce(name: string, parsed: ImageName, watcher: PullWatcher, signal: AbortSignal): Promise<void> {
    const watchers = this.#watchers.get(name) ?? new Set();
    this.#watchers.set(name, watchers.add(watcher));
    try {
      await this.#pulls.join(name, signal, async (signal) => {
        await this.#pull(name, parsed, signal);
        await this.#remember(name, signal);
      });
    } finally {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.#watchers.get(name) === watchers) this.#watchers.delete(name);
    }
  }

  async #pull(name: string, { registry, repository, tag }: ImageName, signal: AbortSignal): Promise<void> {
    const tell = (work: (watcher: PullWatcher) => void) => this.#watchers.get(name)?.forEach(work);
    const limited = within(pullMs, signal);
    const progress = new PullProgress();
    let toldAt = this.#options.world.now();
    tell((watcher) => watcher.line(`Pulling ${repository}${tag.includes(":") ? "@" : ":"}${tag} from ${registry}`));
    try {
      const stream = await this.#options.engine.pull(repository, tag, limited);
      for await (const event of eventsOf(stream)) {
        const fault = event.errorDetail?.message ?? event.error;
        if (fault !== undefined) throw new JobFault(pullFault(name, registry, fault));
        const line = progress.add(event);
        if (line !== undefined) tell((watcher) => watcher.line(line));
        const message = progress.message();
        if (message === undefined || this.#options.world.now() - toldAt < progressEveryMs) continue;
        toldAt = this.#options.world.now();
        tell((watcher) => watcher.progress(message));
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof JobFault) throw error;
      if (limited.aborted)
        throw new JobFault(`The pull of ${JSON.stringify(name)} took longer than ${pullMs / 60_000} minutes.`);
      if (error instanceof EngineError && error.status === undefined) throw error;
      throw new JobFault(pullFault(name, registry, messageOf(error)), { cause: error });
    }
  }

  async #remember(name: string, signal: AbortSignal): Promise<void> {
    const image = await this.#options.engine.image(name, signal);
    if (!image || this.#pulled.includes(image.id)) return;
    this.#pulled = [...this.#pulled, image.id].slice(-imageRecordsMax);
    await writeWhole(this.#path, JSON.stringify({ pulled: this.#pulled }), this.#options.world.newId);
  }

  async #refusePrivateRegistry(name: string, { registry }: ImageName): Promise<void> {
    if (registry === dockerHub) return;
    try {
      await guardedAddress(new URL(`https://${registry}/`), this.#options.guard);
    } catch (cause) {
      if (!(cause instanceof JobFault)) throw cause;
      throw new JobFault(
        `The image ${JSON.stringify(name)} is in a registry that is not public, ${registry}. ` +
          `The agent's operator can allow it with --allow-image ${name}.`,
        { cause },
      );
    }
  }
}

/** The stream's JSON lines. Silence for too long ends it with an error. */
async function* eventsOf(stream: Readable): AsyncGenerator<PullEvent> {
  const silent = () => stream.destroy(new Error(`nothing came for ${pullSilenceMs / 1000} s`));
  let timer = setTimeout(silent, pullSilenceMs);
  let pending = "";
  try {
    stream.setEncoding("utf8");
    for await (const chunk of stream) {
      clearTimeout(timer);
      timer = setTimeout(silent, pullSilenceMs);
      pending += String(chunk);
      const lines = pending.split("\n");
      pending = lines.pop() ?? "";
      yield* lines.flatMap(eventOf);
    }
    yield* eventOf(pending);
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
}

function eventOf(line: string): PullEvent[] {
  if (line.trim() === "") return [];
  try {
    const parsed = v.safeParse(PullEvent, JSON.parse(line));
    return parsed.success ? [parsed.output] : [];
  } catch {
    // Not an event of ours; what counts is the one that says how the pull ended.
    return [];
  }
}
