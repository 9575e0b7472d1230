// Images of the Docker engine: found, pulled, imported, built, removed.

import type { Readable } from "node:stream";
import * as v from "valibot";
import { EngineError, Image, type ImageInfo, ImageList, type ListedImage } from "./engineAnswers.ts";
import { type EngineConnection, readable } from "./engineConnection.ts";

export class EngineImages {
  readonly #engine: EngineConnection;

  constructor(engine: EngineConnection) {
    this.#engine = engine;
  }

  async find(name: string, signal?: AbortSignal): Promise<ImageInfo | undefined> {
    const answer = await this.#engine.unless404({ method: "GET", path: `/images/${name}/json`, signal });
    if (answer === undefined) return undefined;
    const { Id, RepoDigests, Size, Config } = v.parse(Image, answer);
    return {
      id: Id,
      bytes: Size,
      digests: RepoDigests,
      entrypoint: Config?.Entrypoint ?? [],
      cmd: Config?.Cmd ?? [],
      env: Config?.Env ?? [],
      onBuild: Config?.OnBuild ?? [],
      labels: Config?.Labels ?? {},
    };
  }

  /** Images with a name, and those without one that nothing else is made from. */
  async list(
    filters: Readonly<Record<string, readonly string[]>>,
    signal?: AbortSignal,
  ): Promise<readonly ListedImage[]> {
    const query = { filters: JSON.stringify(filters) };
    const list = v.parse(ImageList, await this.#engine.call({ method: "GET", path: "/images/json", query, signal }));
    return list.map(({ Id, RepoTags, Created, Size }) => ({
      id: Id,
      names: RepoTags.filter((name) => name !== "<none>:<none>"),
      createdAt: Created * 1000,
      bytes: Size,
    }));
  }

  /** Begins a pull; the answer is a stream of JSON lines in which errors come too. Destroying it ends the pull. */
  async pull(repository: string, tag: string, login: object | undefined, signal: AbortSignal): Promise<Readable> {
    const query = { fromImage: repository, tag };
    return readable(
      await this.#engine.call({ method: "POST", path: "/images/create", query, login, as: "stream", signal }),
    );
  }

  /** Makes an image of an archive of files. */
  async import(
    repository: string,
    tag: string,
    archive: Buffer | Readable,
    { signal, labels = {} }: { readonly signal?: AbortSignal; readonly labels?: Readonly<Record<string, string>> } = {},
  ): Promise<void> {
    const words = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    const changes = words.length === 0 ? {} : { changes: `LABEL ${words.join(" ")}` };
    // Podman takes no tag of its own here; both take it as part of the name.
    const query = { fromSrc: "-", repo: `${repository}:${tag}`, ...changes };
    const path = "/images/create";
    const stream = await this.#engine.call({ method: "POST", path, query, body: archive, as: "stream", signal });
    let said = "";
    for await (const chunk of readable(stream)) said += String(chunk);
    // Once the answer has begun, a failure comes as a line of it.
    if (said.includes('"error"')) throw new EngineError(`The image was not imported: ${said.trim()}`, undefined, said);
  }

  /** Begins a build of that context; the answer is a stream of JSON lines in which errors come too. Destroying it ends the build. */
  async build(query: Readonly<Record<string, string>>, context: Readable, signal: AbortSignal): Promise<Readable> {
    return readable(
      await this.#engine.call({ method: "POST", path: "/build", query, body: context, as: "stream", signal }),
    );
  }

  /** False when something still needs it. */
  async remove(name: string, signal?: AbortSignal): Promise<boolean> {
    try {
      await this.#engine.unless404({ method: "DELETE", path: `/images/${name}`, signal });
      return true;
    } catch (error) {
      if (error instanceof EngineError && error.status === 409) return false;
      throw error;
    }
  }
}
