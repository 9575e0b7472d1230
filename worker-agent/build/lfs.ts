// Files of Git LFS: a repository has a pointer, and its host's LFS server the bytes. They are read as a job's inputs are, behind
// the guard, and only if the build sees them. What nobody may read here stays a pointer, and the log says so.
// https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as v from "valibot";
import { JobFault, messageOf } from "../fault.ts";
import { AddressRefused } from "../files/guard.ts";
import { textOf } from "../files/request.ts";
import { Refused, type Sources } from "../files/sources.ts";
import type { ImageWatcher } from "../images/audience.ts";
import { contextBytesMax, lfsPointerBytesMax, shownNamesMax } from "./limits.ts";
import type { GitPart } from "./submodules.ts";
import { bytesOf, type Tree } from "./tree.ts";

export interface Pointer {
  /** The SHA-256 of the file. */
  readonly oid: string;
  readonly size: number;
}

/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md#the-pointer */
export function pointerIn(bytes: Buffer): Pointer | undefined {
  const text = bytes.toString("latin1");
  const [, oid] = /^oid sha256:([0-9a-f]{64})$/m.exec(text) ?? [];
  const [, size] = /^size (\d{1,15})$/m.exec(text) ?? [];
  if (!/^version https:\/\/(?:git-lfs\.github\.com|hawser\.github\.com)\/spec\//.test(text)) return undefined;
  return oid === undefined || size === undefined ? undefined : { oid, size: Number(size) };
}

const media = "application/vnd.git-lfs+json";
const Download = v.object({ href: v.string(), header: v.optional(v.record(v.string(), v.string())) });
const Batch = v.object({
  objects: v.array(
    v.object({
      oid: v.string(),
      actions: v.optional(v.object({ download: v.optional(Download) })),
      error: v.optional(v.object({ message: v.string() })),
    }),
  ),
});

export interface LfsOptions {
  readonly parts: readonly GitPart[];
  readonly sources: Sources;
  /** For what is fetched. */
  readonly folder: string;
  readonly tell: ImageWatcher;
}

export class LfsFiles {
  readonly #options: LfsOptions;
  readonly #fetched = new Map<string, Promise<string>>();
  readonly #absent = new Map<string, string>();
  #bytesLeft = contextBytesMax;

  constructor(options: LfsOptions) {
    this.#options = options;
  }

  /** The tree with the files that its pointers mean. Its paths are below `prefix` of the repository's. */
  filled(tree: Tree, prefix: string): Tree {
    return (visit, signal) =>
      tree(async (entry, content) => {
        if (entry.kind !== "file" || entry.size > lfsPointerBytesMax) return await visit(entry, content);
        const bytes = await bytesOf(content);
        const pointer = pointerIn(bytes);
        const path = pointer && (await this.#fileOf(`${prefix}${entry.path}`, entry.path, pointer, signal));
        if (path === undefined) await visit(entry, Readable.from(bytes));
        else await visit({ ...entry, size: pointer?.size ?? 0 }, createReadStream(path));
      }, signal);
  }

  /** What the log says of those that are only pointers, if there are any. */
  get remark(): string | undefined {
    const [first, ...others] = this.#absent;
    if (first === undefined) return undefined;
    const names = [first, ...others].slice(0, shownNamesMax).map(([path]) => path);
    const more = others.length >= shownNamesMax ? ` and ${others.length + 1 - shownNamesMax} more` : "";
    return `Of files of Git LFS the context has only pointers: ${names.join(", ")}${more}. ${first[1]}`;
  }

  async #fileOf(place: string, path: string, pointer: Pointer, signal: AbortSignal): Promise<string | undefined> {
    const part = this.#options.parts.findLast(({ prefix }) => place.startsWith(prefix));
    try {
      if (!part) throw new Refused("They came in an archive.");
      const fetched = this.#fetched.get(pointer.oid) ?? this.#fetch(part, pointer, signal);
      this.#fetched.set(pointer.oid, fetched);
      return await fetched;
    } catch (error) {
      // Another try would end in the same way, so what is built without it may be kept.
      if (!(error instanceof Refused || error instanceof AddressRefused)) throw error;
      this.#absent.set(path, error.message);
      return undefined;
    }
  }

  async #fetch(part: GitPart, { oid, size }: Pointer, signal: AbortSignal): Promise<string> {
    this.#bytesLeft -= size;
    if (this.#bytesLeft < 0)
      throw new JobFault(
        `The build's context is larger than ${contextBytesMax / 1024 ** 3} GiB with its files of Git LFS. Data belongs into the job's inputs; .dockerignore leaves files out.`,
      );
    const { sources, folder, tell } = this.#options;
    if (this.#fetched.size === 0) tell.line("Fetching files of Git LFS", "cloning repo");
    const { href, header = {} } = await this.#placeOf(part, { oid, size }, signal);
    await mkdir(folder, { recursive: true });
    const path = join(folder, oid);
    await sources.read(href, signal, (body) => store(body, path, { oid, size }, signal), { headers: header });
    return path;
  }

  async #placeOf({ source }: GitPart, object: Pointer, signal: AbortSignal): Promise<v.InferOutput<typeof Download>> {
    const { url, credential } = source;
    const server = `${url.endsWith(".git") ? url : `${url}.git`}/info/lfs/objects/batch`;
    const basic = credential && Buffer.from(`${credential.username}:${credential.password}`).toString("base64");
    const headers = { accept: media, "content-type": media, ...(basic ? { authorization: `Basic ${basic}` } : {}) };
    const body = JSON.stringify({ operation: "download", transfers: ["basic"], objects: [object] });
    const text = await this.#options.sources.read(server, signal, textOf, { headers, body });
    const found = objectIn(text, object.oid);
    const download = found?.actions?.download;
    if (download) return download;
    throw new Refused(`The LFS server says: ${found?.error?.message ?? "nothing about it"}.`);
  }
}

function objectIn(text: string, oid: string) {
  try {
    return v.parse(Batch, JSON.parse(text)).objects.find((object) => object.oid === oid);
  } catch (cause) {
    throw new Refused(`The LFS server's answer is none (${messageOf(cause)}).`, { cause });
  }
}

/** The file's content, if it is what the pointer promises. */
async function store(body: IncomingMessage, path: string, { oid, size }: Pointer, signal: AbortSignal): Promise<void> {
  const hash = createHash("sha256");
  let bytes = 0;
  const checked = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > size) throw new JobFault("A file of Git LFS is larger than its pointer says.");
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(body, checked, createWriteStream(path), { signal });
  if (hash.digest("hex") !== oid) throw new JobFault("A file of Git LFS is not what its pointer promises.");
}
