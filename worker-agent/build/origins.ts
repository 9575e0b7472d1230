// What a build's context is right now: the commit that a branch has, the content of an archive. It is asked once for a burst
// of jobs.

import { createHash } from "node:crypto";
import type { Sha256 } from "../../wire/ids.ts";
import type { ContentCache } from "../files/cache.ts";
import { shown } from "../files/guard.ts";
import type { Sources } from "../files/sources.ts";
import { Audience, type ImageWatcher } from "../images/audience.ts";
import type { World } from "../world.ts";
import { commitOf } from "./git.ts";
import type { GitOptions, GitSource } from "./gitProgram.ts";
import { contextBytesMax, sourceFreshMs, sourcesRememberedMax } from "./limits.ts";
import { parseSource, type Source } from "./source.ts";

export type Origin = {
  /** What makes it this one and no other. */
  readonly key: readonly unknown[];
  /** What it is called in sentences. */
  readonly shown: string;
} & (
  | { readonly kind: "none" }
  | { readonly kind: "archive"; readonly hash: Sha256 }
  | { readonly kind: "git"; readonly source: GitSource; readonly commit: string; readonly folder: readonly string[] }
);

export interface OriginsOptions {
  readonly cache: ContentCache;
  readonly world: World;
  readonly gitOptions: (folder: string) => GitOptions;
  readonly temporary: <T>(work: (folder: string) => Promise<T>) => Promise<T>;
}

export class Origins {
  readonly #options: OriginsOptions;
  readonly #asking = new Audience<Origin>();
  readonly #known = new Map<string, { readonly origin: Origin; readonly at: number }>();

  constructor(options: OriginsOptions) {
    this.#options = options;
  }

  /** @throws JobFault with a sentence when there is no such thing. */
  async of(context: string | undefined, sources: Sources, watcher: ImageWatcher, signal: AbortSignal): Promise<Origin> {
    if (context === undefined || context.trim() === "") return { kind: "none", key: [], shown: "the build" };
    const source = parseSource(context);
    // The address as it came: with its credential, which decides what may be seen.
    const key = createHash("sha256").update(context).digest("hex");
    const { elapsed } = this.#options.world;
    const known = this.#known.get(key);
    if (known && elapsed() - known.at < sourceFreshMs) return known.origin;
    return await this.#asking.join(key, watcher, signal, async (tell, signal) => {
      const origin = await this.#ask(source, sources, tell, signal);
      this.#known.delete(key);
      this.#known.set(key, { origin, at: elapsed() });
      const [oldest] = this.#known.keys();
      if (this.#known.size > sourcesRememberedMax && oldest !== undefined) this.#known.delete(oldest);
      return origin;
    });
  }

  async #ask(source: Source, sources: Sources, tell: ImageWatcher, signal: AbortSignal): Promise<Origin> {
    const { cache, gitOptions, temporary } = this.#options;
    const name = shown(new URL(source.url));
    if (source.kind === "archive") {
      tell.line(`Fetching ${name}`, "cloning repo");
      const { hash } = await sources.read(source.url, signal, (body) =>
        cache.add(body, { bytesMax: contextBytesMax, signal }),
      );
      return { kind: "archive", hash, key: ["archive", hash], shown: name };
    }
    const { url, credential } = source;
    const { commit, folder } = await temporary((path) => commitOf(source, gitOptions(path), signal));
    const secret =
      credential && createHash("sha256").update(`${credential.username}:${credential.password}`).digest("hex");
    return {
      kind: "git",
      source,
      commit,
      folder,
      key: ["git", url, commit, folder, secret],
      shown: name.replace(/\.git$/, ""),
    };
  }
}
