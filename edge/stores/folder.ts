// Blobs in a folder: written to a temporary name, flushed, then renamed, so that a crash leaves a whole blob or none. One
// process owns the folder.

import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, opendir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type BlobKey, contentHashOf } from "../../wire/ids.ts";
import { blobSweepBatch } from "../limits.ts";
import type { BlobInfo, BlobPut, BlobStore, ByteRange, PutOutcome } from "./blobStore.ts";
import { type BodySource, checkBody, chunksOf, hashOutcome, outcomeOf } from "./body.ts";
import { FileBody } from "./fileBody.ts";
import { FileWriter } from "./fileWriter.ts";
import { nodeHasher } from "./nodeHasher.ts";

const subfolders = 256;

export class FolderStore implements BlobStore {
  readonly signed = undefined;
  readonly parts = undefined;
  readonly #blobs: string;
  readonly #incoming: string;
  /** The last change of each path that has one under way. */
  readonly #changes = new Map<string, Promise<unknown>>();

  private constructor(folder: string) {
    this.#blobs = join(folder, "f");
    this.#incoming = join(folder, "incoming");
  }

  /** Opens the folder, making it where it is missing. What a crash left half-written goes. */
  static async open(folder: string): Promise<FolderStore> {
    const store = new FolderStore(folder);
    await rm(store.#incoming, { recursive: true, force: true });
    await mkdir(store.#incoming, { recursive: true });
    for (let i = 0; i < subfolders; i++) await mkdir(store.#subfolder(i), { recursive: true });
    return store;
  }

  async info(key: BlobKey): Promise<BlobInfo | undefined> {
    return infoOf(this.#path(key));
  }

  async read(key: BlobKey, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    const file = await unlessMissing(open(this.#path(key), "r"));
    if (!file) return undefined;
    return new FileBody(file, range ?? { start: 0, end: (await file.stat()).size - 1 });
  }

  async check(body: BodySource, put: BlobPut): Promise<PutOutcome> {
    return checkBody(body, put, nodeHasher());
  }

  async write(key: BlobKey, body: BodySource, put: BlobPut): Promise<PutOutcome> {
    if (!put.hash && (await this.info(key))) return "exists";
    const arriving = join(this.#incoming, randomUUID());
    try {
      return await outcomeOf(async () => {
        const outcome = await receive(arriving, body, put);
        return outcome === "stored" ? await this.#keep(arriving, this.#path(key), put) : outcome;
      });
    } catch (error) {
      if (isFull(error)) return "full";
      throw error;
    } finally {
      await rm(arriving, { force: true });
    }
  }

  /** Removes what was last written before `before`, in one of the subfolders: the next one each time `turn` is one more. */
  async sweep(turn: number, before: number, signal: AbortSignal): Promise<number> {
    const folder = this.#subfolder(turn % subfolders);
    let removed = 0;
    for await (const { name } of await opendir(folder, { bufferSize: blobSweepBatch })) {
      if (signal.aborted) break;
      const path = join(folder, name);
      const isOld = async () => ((await infoOf(path))?.modifiedAt ?? before) < before;
      if (!(await isOld())) continue;
      removed += await this.#alone(path, async () => {
        // Written again since it was looked at?
        if (!(await isOld())) return 0;
        await rm(path, { force: true });
        return 1;
      });
    }
    return removed;
  }

  #keep(arriving: string, path: string, { hash }: BlobPut): Promise<PutOutcome> {
    return this.#alone(path, async () => {
      if (!hash && (await infoOf(path))) return "exists";
      await rename(arriving, path);
      await flushFolder(dirname(path));
      return "stored";
    });
  }

  /** Changes of one path, one after another. */
  async #alone<T>(path: string, change: () => Promise<T>): Promise<T> {
    const before = this.#changes.get(path) ?? Promise.resolve();
    const done = before.then(change, change);
    this.#changes.set(path, done);
    try {
      return await done;
    } finally {
      if (this.#changes.get(path) === done) this.#changes.delete(path);
    }
  }

  #subfolder(number: number): string {
    return join(this.#blobs, number.toString(16).padStart(2, "0"));
  }

  // A stranger's key is hashed into its file's name: some file systems fold case.
  #path(key: BlobKey): string {
    const digest = createHash("sha256").update(key).digest("hex");
    return join(this.#blobs, digest.slice(0, 2), contentHashOf(key) ? key : `named-${digest}`);
  }
}

async function receive(path: string, body: BodySource, put: BlobPut): Promise<PutOutcome> {
  const file = await open(path, "wx");
  const writer = new FileWriter(file);
  try {
    const hasher = nodeHasher();
    for await (const chunk of chunksOf(body, put)) {
      hasher.update(chunk);
      await writer.write(chunk);
    }
    const outcome = hashOutcome(put, hasher);
    if (outcome === "stored") await writer.finish();
    return outcome;
  } finally {
    await writer.settled();
    await file.close();
  }
}

/** A new name is on disk when its folder is; Windows has no such call and needs none. */
async function flushFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function infoOf(path: string): Promise<BlobInfo | undefined> {
  const found = await unlessMissing(stat(path));
  return found && { size: found.size, modifiedAt: found.mtimeMs };
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** No room on the disk, in the quota, or for a file of that size. */
function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EFBIG"].includes(codeOf(error) ?? "");
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
