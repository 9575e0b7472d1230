// What a job left in /outputs, as data refs: found without following links, hashed, and uploaded where the store lacks it.

import { createHash, hash } from "node:crypto";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { base64OfBytes, type DataRef } from "../../wire/dataRef.ts";
import { paths } from "../../wire/http.ts";
import { own, type Sha256 } from "../../wire/ids.ts";
import { inlineOutputBytesMax, inlineOutputsBytesMax } from "../../wire/limits.ts";
import { relativePathFault } from "../../wire/paths.ts";
import { codeOf, JobFault, messageOf } from "../fault.ts";
import { hashSliceMs, outputsMax, readChunkBytes, skippedNamesMax, smallFileBytes, uploadsAtOnce } from "../limits.ts";
import { eachAtOnce } from "../pool.ts";
import type { BlobUpload } from "./upload.ts";

export interface Outputs {
  readonly outputs: Readonly<Record<string, DataRef>>;
  readonly outputSizes: Readonly<Record<string, number>>;
}

export interface OutputTools {
  /** The deployment's public address, under which refs name their files. */
  readonly origin: string;
  readonly blobs: BlobUpload;
  readonly now: () => number;
  /** A line for the job's owner. */
  readonly note: (text: string) => void;
}

interface HashedFile {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly hash: Sha256;
  /** The content, of a file that may ride inline. */
  readonly bytes?: Buffer;
}

/** @throws JobFault when there are too many files or one can't be read or uploaded. */
export async function collectOutputs(folder: string, tools: OutputTools, signal: AbortSignal): Promise<Outputs> {
  const files = await hashedFiles(folder, tools, signal);
  const inline = inlineNames(files);
  const uploads = new Map(files.filter(({ name }) => !inline.has(name)).map((file) => [file.hash, file]));
  await eachAtOnce(uploads.values(), uploadsAtOnce, signal, async ({ path, size, hash, name }, signal) => {
    await tools.blobs.upload({ hash, size, path, what: `the output ${JSON.stringify(name)}` }, signal);
  });
  const refOf = ({ name, hash, bytes }: HashedFile): DataRef =>
    bytes && inline.has(name)
      ? { type: "base64", value: base64OfBytes(bytes), hash }
      : { type: "url", value: `${tools.origin}${paths.blob(hash)}`, hash };
  return {
    outputs: Object.fromEntries(files.map((file) => [file.name, refOf(file)])),
    outputSizes: Object.fromEntries(files.map(({ name, size }) => [name, size])),
  };
}

async function hashedFiles(
  folder: string,
  { note, now }: OutputTools,
  signal: AbortSignal,
): Promise<readonly HashedFile[]> {
  try {
    return await hashAll(folder, await regularFiles(folder, note), now, signal);
  } catch (cause) {
    if (codeOf(cause) !== "EACCES" && codeOf(cause) !== "EPERM") throw cause;
    // Docker runs as root, this agent does not, and the container's user kept the file for itself.
    throw new JobFault(`The agent may not read an output: ${messageOf(cause)}. Make it readable for everyone.`, {
      cause,
    });
  }
}

/** Paths of regular files below the folder, sorted. Links, pipes, sockets and unusable names are named in the log. */
async function regularFiles(folder: string, note: (text: string) => void): Promise<readonly string[]> {
  const files: string[] = [];
  const skipped: string[] = [];
  const folders = [""];
  for (let below = folders.pop(); below !== undefined; below = folders.pop()) {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const name = below === "" ? entry.name : `${below}/${entry.name}`;
      const fault = relativePathFault(name) ?? (name.includes("\ufffd") ? "is not UTF-8" : undefined);
      if (fault) skipped.push(`${JSON.stringify(name)} ${fault}`);
      else if (entry.isDirectory()) folders.push(name);
      else if (entry.isFile()) files.push(name);
      else skipped.push(`${JSON.stringify(name)} is no regular file`);
    }
    if (files.length > outputsMax)
      throw new JobFault(`The job wrote more than ${outputsMax} output files; pack them into fewer.`);
  }
  for (const why of skipped.slice(0, skippedNamesMax)) note(`Not taken from /outputs: ${why}`);
  if (skipped.length > skippedNamesMax) note(`Not taken from /outputs: ${skipped.length - skippedNamesMax} more`);
  return files.sort();
}

async function hashAll(
  folder: string,
  names: readonly string[],
  now: () => number,
  signal: AbortSignal,
): Promise<readonly HashedFile[]> {
  const files: HashedFile[] = [];
  const buffer = Buffer.allocUnsafe(smallFileBytes);
  let sliceEnds = now() + hashSliceMs;
  for (const name of names) {
    const path = join(folder, name);
    files.push(hashSmall(name, path, buffer) ?? (await hashLarge(name, path, signal)));
    if (now() < sliceEnds) continue;
    await breathe();
    signal.throwIfAborted();
    sliceEnds = now() + hashSliceMs;
  }
  return files;
}

// The link check of the walk and the opening of the file are two moments; without O_NOFOLLOW a link could slip in between.
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Read and hashed in one go: for small files streams cost ten times as much. Undefined when it is not small. */
function hashSmall(name: string, path: string, buffer: Buffer): HashedFile | undefined {
  const file = openSync(path, readFlags);
  try {
    let size = 0;
    while (size < buffer.length) {
      const read = readSync(file, buffer, size, buffer.length - size, null);
      if (read === 0) break;
      size += read;
    }
    if (size === buffer.length) return undefined;
    const content = buffer.subarray(0, size);
    const digest = own.sha256(hash("sha256", content));
    return { name, path, size, hash: digest, ...(size <= inlineOutputBytesMax ? { bytes: Buffer.from(content) } : {}) };
  } finally {
    closeSync(file);
  }
}

async function hashLarge(name: string, path: string, signal: AbortSignal): Promise<HashedFile> {
  const file = await open(path, readFlags);
  const digest = createHash("sha256");
  let size = 0;
  for await (const chunk of file.createReadStream({ highWaterMark: readChunkBytes, signal })) {
    if (!Buffer.isBuffer(chunk)) continue;
    digest.update(chunk);
    size += chunk.length;
  }
  return { name, path, size, hash: own.sha256(digest.digest("hex")) };
}

/** Which outputs ride inside the result: small ones, smallest first, until they are enough. */
function inlineNames(files: readonly HashedFile[]): ReadonlySet<string> {
  const inline = new Set<string>();
  let left = inlineOutputsBytesMax;
  for (const { name, size, bytes } of [...files].sort((a, b) => a.size - b.size)) {
    if (!bytes || size > left) continue;
    left -= size;
    inline.add(name);
  }
  return inline;
}
