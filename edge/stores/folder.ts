// Blobs in a folder: written to a temporary name, flushed, then renamed, so that a crash leaves a whole blob or none.

import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type BlobKey, contentHashOf } from "../../wire/ids.ts";
import type { BlobInfo, BlobPut, BlobStore, ByteRange, PutOutcome } from "./blobStore.ts";

export class FolderStore implements BlobStore {
  readonly signed = undefined;
  readonly #blobs: string;
  readonly #incoming: string;

  private constructor(folder: string) {
    this.#blobs = join(folder, "f");
    this.#incoming = join(folder, "incoming");
  }

  /** Opens the folder, making it where it is missing. What a crash left half-written goes. */
  static async open(folder: string): Promise<FolderStore> {
    const store = new FolderStore(folder);
    await rm(store.#incoming, { recursive: true, force: true });
    await mkdir(store.#incoming, { recursive: true });
    for (let i = 0; i < 256; i++) await mkdir(join(store.#blobs, i.toString(16).padStart(2, "0")), { recursive: true });
    return store;
  }

  async info(key: BlobKey): Promise<BlobInfo | undefined> {
    try {
      const { size, mtimeMs } = await stat(this.#path(key));
      return { size, modifiedAt: mtimeMs };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async read(key: BlobKey, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    if (!(await this.info(key))) return undefined;
    return streamOf(this.#path(key), range);
  }

  async write(key: BlobKey, body: ReadableStream<Uint8Array>, put: BlobPut): Promise<PutOutcome> {
    if (!put.hash && (await this.info(key))) return "exists";
    const path = join(this.#incoming, randomUUID());
    const file = await open(path, "wx");
    try {
      const outcome = await receive(file, body, put);
      await file.close();
      if (outcome === "stored") await rename(path, this.#path(key));
      return outcome;
    } finally {
      await file.close().catch(() => {});
      await rm(path, { force: true });
    }
  }

  // A stranger's key is hashed into its file's name: some file systems fold case.
  #path(key: BlobKey): string {
    const name = contentHashOf(key) ? key : `named-${createHash("sha256").update(key).digest("hex")}`;
    return join(this.#blobs, createHash("sha256").update(key).digest("hex").slice(0, 2), name);
  }

  /** How many uploads are under way or were left by a crash. */
  async incoming(): Promise<number> {
    return (await readdir(this.#incoming)).length;
  }
}

async function receive(file: FileHandle, body: ReadableStream<Uint8Array>, put: BlobPut): Promise<PutOutcome> {
  const hash = createHash("sha256");
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > put.bytesMax) return "tooLarge";
    hash.update(chunk);
    await file.writeFile(chunk);
  }
  if (put.length !== undefined && length !== put.length) return "incomplete";
  if (put.hash !== undefined && hash.digest("hex") !== put.hash) return "mismatch";
  await file.datasync();
  return "stored";
}

function streamOf(path: string, range: ByteRange | undefined): ReadableStream<Uint8Array> {
  return Readable.toWeb(createReadStream(path, range ? { start: range.start, end: range.end } : {}));
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
