// What a job left in /outputs, as data refs: hashed, and uploaded where the store lacks it. Small ones ride in the result.

import { createHash, hash } from "node:crypto";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { base64OfBytes, type DataRef } from "../../wire/dataRef.ts";
import { paths } from "../../wire/http.ts";
import { own, type Sha256 } from "../../wire/ids.ts";
import {
  inlineOutputBytesMax,
  inlineOutputsBytesMax,
  partsBlobBytesMax,
  resultBytesMax,
  resultInlineBytesMax,
} from "../../wire/limits.ts";
import { codeOf, JobFault, messageOf } from "../fault.ts";
import type { ProgressNote } from "../job/phases.ts";
import {
  hashSliceMs,
  largeResultInlineBytesMax,
  refBytes,
  resultRoomBytes,
  smallFileBytes,
  uploadsAtOnce,
} from "../limits.ts";
import { eachAtOnce } from "../pool.ts";
import { type OutputFile, outputFiles, Skipped } from "./outputFiles.ts";
import { readThrough } from "./readThrough.ts";
import { Tally } from "./tally.ts";
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
  /** How far the uploads are. */
  readonly progress?: (note: ProgressNote) => void;
  /** Makes files of another user's readable. */
  readonly takeOver?: () => Promise<void>;
}

interface Content {
  readonly path: string;
  readonly size: number;
  readonly hash: Sha256;
}

interface HashedFile extends Content {
  readonly name: string;
}

/** @throws JobFault when one can't be uploaded. */
export async function collectOutputs(folder: string, tools: OutputTools, signal: AbortSignal): Promise<Outputs> {
  const { origin } = tools;
  const files = await hashedFiles(folder, tools, signal);
  const inline = await inlineOf(files, tools, signal);
  const uploads = new Map(files.filter(({ name }) => !inline.has(name)).map((file) => [file.hash, file]));
  const total = [...uploads.values()].reduce((sum, { size }) => sum + size, 0);
  const tally = new Tally({ total, tell: tools.progress ?? (() => {}), now: tools.now });
  await eachAtOnce(uploads.values(), uploadsAtOnce, signal, async ({ path, size, hash, name }, signal) => {
    const what = `the output ${JSON.stringify(name)}`;
    await tools.blobs.upload({ hash, size, path, what }, signal, tally.watch());
  });
  const refOf = ({ name, hash }: HashedFile): DataRef =>
    inline.get(name) ?? { type: "url", value: `${origin}${paths.blob(hash)}`, hash };
  return {
    outputs: Object.fromEntries(files.map((file) => [file.name, refOf(file)])),
    outputSizes: Object.fromEntries(files.map(({ name, size }) => [name, size])),
  };
}

/** What a user kept for himself inside the container is made readable; what still can't be read is named. */
async function hashedFiles(folder: string, tools: OutputTools, signal: AbortSignal): Promise<readonly HashedFile[]> {
  const look = async () => {
    const notes: string[] = [];
    const skipped = new Skipped((text) => notes.push(text));
    const found = await outputFiles(folder, skipped, signal);
    const files = await hashAll(folder, withinResult(found, tools.origin, skipped), tools, skipped, signal);
    skipped.tell();
    return { files, notes, isWhole: !skipped.hasUnreadable };
  };
  const first = await look();
  const last = first.isWhole || !(await isTakenOver(tools)) ? first : await look();
  for (const text of last.notes) tools.note(text);
  return last.files;
}

async function isTakenOver({ takeOver, note }: OutputTools): Promise<boolean> {
  if (!takeOver) return false;
  try {
    await takeOver();
    return true;
  } catch (error) {
    note(`Outputs that other users keep for themselves could not be read: ${messageOf(error)}`);
    return false;
  }
}

/** As many as a result can name. */
function withinResult(files: readonly OutputFile[], origin: string, skipped: Skipped): readonly OutputFile[] {
  let left = resultBytesMax - resultRoomBytes;
  return files.filter((file) => {
    left -= bytesInResult(file, origin);
    if (left < 0) skipped.add(file.name, "is more than a result can name");
    return left >= 0;
  });
}

/** What an output takes in the result's JSON: its name twice, its address, its hash and its size. */
function bytesInResult({ name }: { readonly name: string }, origin: string): number {
  return 2 * Buffer.byteLength(JSON.stringify(name)) + origin.length + refBytes;
}

async function hashAll(
  folder: string,
  files: readonly OutputFile[],
  { now }: OutputTools,
  skipped: Skipped,
  signal: AbortSignal,
): Promise<readonly HashedFile[]> {
  const hashed: HashedFile[] = [];
  const known = new Map<string, Content | undefined>();
  const buffer = Buffer.allocUnsafe(smallFileBytes);
  await inSlices(files, now, signal, async ({ name, source }) => {
    const content = known.has(source) ? known.get(source) : await contentOf(join(folder, source));
    known.set(source, content);
    if (content) hashed.push({ name, ...content });
  });
  return hashed;

  async function contentOf(path: string): Promise<Content | undefined> {
    try {
      return hashSmall(path, buffer) ?? (await hashLarge(path, signal));
    } catch (error) {
      if (!(error instanceof JobFault) && codeOf(error) !== "EACCES") throw error;
      const name = path.slice(folder.length + 1);
      if (error instanceof JobFault) skipped.add(name, `can't be taken: ${messageOf(error)}`);
      else skipped.unreadable(name);
      return undefined;
    }
  }
}

/** One after another, giving way to everything else now and then: reading small files waits for nothing. */
async function inSlices<T>(
  items: readonly T[],
  now: () => number,
  signal: AbortSignal,
  work: (item: T) => Promise<void> | void,
): Promise<void> {
  let sliceEnds = now() + hashSliceMs;
  for (const item of items) {
    await work(item);
    if (now() < sliceEnds) continue;
    await breathe();
    signal.throwIfAborted();
    sliceEnds = now() + hashSliceMs;
  }
}

// The link check of the walk and the opening of the file are two moments; without O_NOFOLLOW a link could slip in between.
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Read and hashed in one go: for small files streams cost ten times as much. Undefined when it is not small. */
function hashSmall(path: string, buffer: Buffer): Content | undefined {
  const content = readSmall(path, buffer);
  return content && { path, size: content.length, hash: own.sha256(hash("sha256", content)) };
}

/** The content, in the buffer; undefined when it fills it. */
function readSmall(path: string, buffer: Buffer): Buffer | undefined {
  const file = openSync(path, readFlags);
  try {
    let size = 0;
    while (size < buffer.length) {
      const read = readSync(file, buffer, size, buffer.length - size, null);
      if (read === 0) return buffer.subarray(0, size);
      size += read;
    }
    return undefined;
  } finally {
    closeSync(file);
  }
}

async function hashLarge(path: string, signal: AbortSignal): Promise<Content> {
  const file = await open(path, readFlags);
  try {
    const { size: promised } = await file.stat();
    if (promised > partsBlobBytesMax)
      throw new JobFault(`it has ${promised} bytes, more than the ${partsBlobBytesMax} that the store takes`);
    const digest = createHash("sha256");
    const size = await readThrough(file, (piece) => void digest.update(piece), { signal });
    return { path, size, hash: own.sha256(digest.digest("hex")) };
  } finally {
    await file.close();
  }
}

/**
 * Which outputs ride inside the result: small ones, smallest first, until they are enough. A result that is too large for
 * a frame without any of them is uploaded anyway, and takes many: one request instead of one for each.
 */
async function inlineOf(
  files: readonly HashedFile[],
  { origin, now }: OutputTools,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, DataRef>> {
  const names = files.reduce((sum, file) => sum + bytesInResult(file, origin), 0);
  let left = names > resultInlineBytesMax ? largeResultInlineBytesMax : inlineOutputsBytesMax;
  const small = files.filter(({ size }) => size <= inlineOutputBytesMax).sort((a, b) => a.size - b.size);
  const end = small.findIndex(({ size }) => {
    left -= size;
    return left < 0;
  });
  const inline = new Map<string, DataRef>();
  const buffer = Buffer.allocUnsafe(inlineOutputBytesMax + 1);
  await inSlices(end < 0 ? small : small.slice(0, end), now, signal, ({ name, path, size, hash }) => {
    const content = size === 0 ? buffer.subarray(0, 0) : readSmall(path, buffer);
    if (content) inline.set(name, { type: "base64", value: base64OfBytes(content), hash });
  });
  return inline;
}
