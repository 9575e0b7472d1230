// The images that jobs run: used if present, pulled if not, one pull for each name however many jobs wait. For queues that are
// not the operator's own, only images that everyone could get: the others on this machine may be private.

import type { QueueHash } from "../../wire/ids.ts";
import type { Engine } from "../docker/engine.ts";
import type { ImageInfo } from "../docker/engineAnswers.ts";
import { JobFault } from "../fault.ts";
import { type GuardOptions, guardedAddress } from "../files/guard.ts";
import type { World } from "../world.ts";
import { Audience, type ImageWatcher } from "./audience.ts";
import { builtBy, isBuiltName } from "./builtName.ts";
import { dockerHub, type ImageName, isNamedBy, parseImageName } from "./imageName.ts";
import { loginFor } from "./logins.ts";
import { pull } from "./pull.ts";
import type { ImageRecords } from "./records.ts";

/** When a registry is asked: never, for images that are not here, or also for those that were asked for longer ago. */
export type PullPolicy = "never" | "missing" | { readonly afterMs: number };

export interface ImagesOptions {
  readonly engine: Engine;
  readonly records: ImageRecords;
  readonly guard: GuardOptions;
  /** Whether the queues are the operator's own. */
  readonly trusted: boolean;
  /** Names that the operator allows on every queue. */
  readonly allowImages: readonly string[];
  readonly pull: PullPolicy;
  /** Where the logins of this host are; without it, where Docker's own tools look. */
  readonly loginFolder?: string | undefined;
  readonly world: World;
}

export class Images {
  readonly #options: ImagesOptions;
  readonly #pulls = new Audience<void>();

  constructor(options: ImagesOptions) {
    this.#options = options;
  }

  /** @throws JobFault with a sentence when a job of that queue can't have this image. */
  async ensure(name: string, queue: QueueHash, watcher: ImageWatcher, signal: AbortSignal): Promise<ImageInfo> {
    const { engine, trusted, allowImages, records, pull: policy } = this.#options;
    const parsed = parseImageName(name);
    if (!parsed) {
      const hint = /^(?:https?:|git@)/.test(name)
        ? " To build what is at that address, name it as `build.context`."
        : "";
      throw new JobFault(
        `${JSON.stringify(name)} is not the name of an image; one looks like python:3.12 or ghcr.io/someone/something:1.${hint}`,
      );
    }
    const allowed = trusted || isNamedBy(allowImages, name);
    const present = await engine.images.find(name, signal);
    if (present) {
      this.#refuseForeign(name, present, queue);
      const mayUse = allowed || builtBy(present) === queue || records.isEveryones(present.id);
      if (!mayUse)
        throw new JobFault(
          `The image ${JSON.stringify(name)} is on the agent's machine but may be private, so jobs of this queue can't use it. ` +
            `The agent's operator can allow it with --allow-image ${name}.`,
        );
      await records.used(name, present.id);
      if (!this.#isStale(name, present.id)) return present;
    } else {
      if (policy === "never")
        throw new JobFault(
          `The image ${JSON.stringify(name)} is not on the agent's machine, and its operator lets it pull none (--pull never).`,
        );
    }
    if (!allowed) await this.#refusePrivateRegistry(name, parsed);
    await this.#pulls.join(name, watcher, signal, (tell, signal) =>
      this.#pull({ name, parsed, allowed, present }, tell, signal),
    );
    const pulled = await engine.images.find(name, signal);
    if (!pulled) throw new JobFault(`The image ${JSON.stringify(name)} was pulled and is gone again.`);
    return pulled;
  }

  /** Whether the registry must be asked for an image that is here. */
  #isStale(name: string, id: string): boolean {
    const { pull: policy, records, world } = this.#options;
    if (typeof policy === "string") return false;
    const askedAt = records.find(name, id)?.askedAt;
    // A clock that was set back says nothing about how long ago that was.
    return askedAt === undefined || askedAt > world.now() || world.now() - askedAt >= policy.afterMs;
  }

  async #pull({ name, parsed, allowed, present }: Wanted, tell: ImageWatcher, signal: AbortSignal): Promise<void> {
    const { engine, records, world, loginFolder } = this.#options;
    const login = allowed ? await loginFor(parsed.registry, signal, loginFolder) : undefined;
    const askedAt = world.now();
    try {
      await pull({ engine, world, name, parsed, login }, tell, signal);
    } catch (error) {
      if (!present || !(error instanceof JobFault)) throw error;
      // Somebody else's registry being away is no reason not to run what is here.
      tell.line(`${error.message} The one that is here is used.`, "docker image pull");
      return;
    }
    const image = await engine.images.find(name, signal);
    if (!image) return;
    const ours = present?.id !== image.id;
    await records.add({ name, id: image.id, from: login ? "login" : "everyone", ours, askedAt });
  }

  /** What was built for one queue is nobody else's, whatever name it is called by. */
  #refuseForeign(name: string, image: ImageInfo, queue: QueueHash): void {
    const owner = builtBy(image);
    if (owner === undefined ? !isBuiltName(name) : owner === queue) return;
    throw new JobFault(
      `The image ${JSON.stringify(name)} was built for another queue: name the image that it was built from, or build it here with \`build\`.`,
    );
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

interface Wanted {
  readonly name: string;
  readonly parsed: ImageName;
  readonly allowed: boolean;
  readonly present: ImageInfo | undefined;
}
