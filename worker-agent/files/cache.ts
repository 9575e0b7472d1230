// Files by the SHA-256 of their content, each fetched and verified once. Jobs get hard links to them and see them through a
// read-only bind, so that no job can change what another one reads.

import { createHash } from "node:crypto";
import { access, chmod, constants, copyFile, link, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { own, type Sha256 } from "../../wire/ids.ts";
import { codeOf, JobFault } from "../fault.ts";
import { SharedWork } from "../shared.ts";
import { writeGathered } from "./gatheredFile.ts";

export interface Content {
  readonly hash: Sha256;
  readonly size: number;
}

export interface Adding {
  readonly bytesMax: number;
  readonly expected?: Sha256;
  /** Called with how much has come. */
  readonly came?: (bytes: number) => void;
  readonly signal: AbortSignal;
}

export class ContentCache {
  readonly #folder: string;
  readonly #newId: () => string;
  readonly #fetching = new SharedWork<void>();

  private constructor(folder: string, newId: () => string) {
    this.#folder = folder;
    this.#newId = newId;
  }

  /** Unfinished downloads of an earlier process are removed. */
  static async open(folder: string, newId: () => string): Promise<ContentCache> {
    await rm(join(folder, "partial"), { recursive: true, force: true });
    await mkdir(join(folder, "partial"), { recursive: true });
    return new ContentCache(folder, newId);
  }

  /** Makes sure that the content of that hash is here: `load` streams it in if it is not. */
  async ensure(hash: Sha256, signal: AbortSignal, load: (signal: AbortSignal) => Promise<Content>): Promise<void> {
    if (await exists(this.#pathOf(hash))) return;
    await this.#fetching.join(hash, signal, async (signal) => {
      const content = await load(signal);
      if (content.hash !== hash) throw new JobFault(mismatch(hash, content.hash));
    });
  }

  /** Stores a stream under the hash of what came. Content of another hash than `expected` is not kept. */
  async add(source: Readable, { bytesMax, expected, came, signal }: Adding): Promise<Content> {
    const partial = join(this.#folder, "partial", this.#newId());
    const hash = createHash("sha256");
    let size = 0;
    const look = (chunk: Buffer) => {
      size += chunk.length;
      if (size > bytesMax) throw new JobFault(`It is larger than ${bytesMax} bytes.`);
      hash.update(chunk);
      came?.(size);
    };
    try {
      await written(source, partial, look, signal);
      const found = own.sha256(hash.digest("hex"));
      if (expected !== undefined && expected !== found) throw new JobFault(mismatch(expected, found));
      await chmod(partial, 0o444);
      await mkdir(join(this.#pathOf(found), ".."), { recursive: true });
      await rename(partial, this.#pathOf(found));
      return { hash: found, size };
    } finally {
      await rm(partial, { force: true });
    }
  }

  /** Puts the content at `target`, without copying where the file system can. */
  async materialise(hash: Sha256, target: string): Promise<void> {
    try {
      await link(this.#pathOf(hash), target);
    } catch (error) {
      // Another file system, one without hard links, or a file that has as many as it can: a copy is as good, only slower.
      if (!["EXDEV", "EPERM", "EMLINK", "ENOTSUP", "ENOSYS"].includes(codeOf(error) ?? "")) throw error;
      await copyFile(this.#pathOf(hash), target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    }
  }

  #pathOf(hash: Sha256): string {
    return join(this.#folder, hash.slice(0, 2), hash);
  }
}

async function written(
  source: Readable,
  path: string,
  look: (chunk: Buffer) => void,
  signal: AbortSignal,
): Promise<void> {
  // A source that is given up for what writing met says "aborted", and the pipeline with it.
  const met: unknown[] = [];
  const write = (chunks: AsyncIterable<Buffer>) =>
    writeGathered(path, chunks, look).catch((error: unknown) => {
      met.push(error);
      throw error;
    });
  try {
    await pipeline(source, write, { signal });
  } catch (error) {
    throw met[0] ?? error;
  }
}

function mismatch(expected: Sha256, found: Sha256): string {
  return `Its content has the SHA-256 ${found}, not ${expected} as promised.`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
