// The files of a build's context, read from a tar or a zip entry by entry. They are never unpacked on this machine: what an
// archive calls its files can do no harm here.

import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import tar from "tar-stream";
import yauzl from "yauzl";
import { JobFault, messageOf } from "../fault.ts";
import { contextBytesMax, contextEntriesMax, unpackedBytesMax } from "./limits.ts";

export interface TreeEntry {
  /** Below the root, without a slash at its begin or end. */
  readonly path: string;
  readonly kind: "file" | "folder" | "link" | "hardlink";
  readonly mode: number;
  readonly size: number;
  readonly modified: Date;
  /** Of a link as it is written, of a hard link the path below the root. */
  readonly target: string;
}

/** Calls `visit` with each entry in turn; it need not read the content. May be called again. */
export type Tree = (
  visit: (entry: TreeEntry, content: Readable) => Promise<void>,
  signal: AbortSignal,
) => Promise<void>;

export const noTree: Tree = async () => {};

/** Of several archives, what is in one after the other. */
export function tarTree(...archives: readonly (() => Readable)[]): Tree {
  return async (visit, signal) => {
    const limits = new Limits();
    for (const open of archives) await readTar(open(), limits, visit, signal);
  };
}

async function readTar(
  stream: Readable,
  limits: Limits,
  visit: Parameters<Tree>[0],
  signal: AbortSignal,
): Promise<void> {
  const extract = tar.extract();
  const done = new Promise<void>((resolve, reject) => {
    const fail = (error: unknown) => {
      reject(
        error instanceof JobFault
          ? error
          : new JobFault(`The build's context can't be unpacked: ${messageOf(error)}.`, { cause: error }),
      );
      stream.destroy();
    };
    const leave = () => fail(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    extract.on("entry", (header, content, next) => {
      const work = async () => {
        const entry = entryOf(header);
        limits.count(entry);
        if (entry) await visit(entry, content);
        content.resume();
      };
      work().then(() => next(), fail);
    });
    extract.once("finish", () => {
      signal.removeEventListener("abort", leave);
      resolve();
    });
    extract.once("error", fail);
    stream.once("error", fail);
    stream.pipe(extract);
  });
  await done;
  signal.throwIfAborted();
}

/** A file that is a tar, a compressed one, or a zip: its first bytes say which. */
export async function archiveTree(path: string, address: string): Promise<Tree> {
  const file = await open(path);
  const head = Buffer.alloc(265);
  try {
    await file.read(head, 0, head.length, 0);
  } finally {
    await file.close();
  }
  const begins = (...bytes: number[]) => head.subarray(0, bytes.length).equals(Buffer.from(bytes));
  if (begins(0x50, 0x4b)) return zipTree(path);
  if (begins(0x1f, 0x8b)) return tarTree(() => unzipped(createReadStream(path)));
  if (head.subarray(257, 262).toString() === "ustar") return tarTree(() => createReadStream(path));
  const packed = begins(0xfd, 0x37, 0x7a) || begins(0x42, 0x5a, 0x68) || begins(0x28, 0xb5, 0x2f, 0xfd);
  throw new JobFault(
    packed
      ? `${address} is packed in a way that can't be read here: offer it as .tar.gz or .zip.`
      : `${address} is no archive. A context is a .tar, .tar.gz or .zip, or a git repository whose address ends in .git.`,
  );
}

function unzipped(source: Readable): Readable {
  const gunzip = createGunzip();
  let bytes = 0;
  // What is between and after the files counts too: a few bytes unpack to any number of zeros.
  gunzip.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > unpackedBytesMax) gunzip.destroy(new Error("it unpacks to too much"));
  });
  source.once("error", (error) => gunzip.destroy(error));
  gunzip.once("close", () => source.destroy());
  return source.pipe(gunzip);
}

function entryOf({ name, type, mode, size, mtime, linkname }: tar.Headers): TreeEntry | undefined {
  const kind = kinds[type ?? "file"];
  if (kind === undefined) return undefined;
  const path = safePath(name);
  if (path === "") return undefined;
  return {
    path,
    kind,
    mode: (mode ?? 0o644) & 0o7777,
    size: size ?? 0,
    modified: mtime ?? new Date(0),
    target: kind === "hardlink" ? safePath(linkname ?? "") : (linkname ?? ""),
  };
}

/** Devices and pipes are no files of a program: they are left out. */
const kinds: Readonly<Record<string, TreeEntry["kind"] | undefined>> = {
  file: "file",
  "contiguous-file": "file",
  directory: "folder",
  symlink: "link",
  link: "hardlink",
};

function zipTree(path: string): Tree {
  return async (visit, signal) => {
    const limits = new Limits();
    try {
      const zip = await yauzl.openPromise(path, { validateEntrySizes: true });
      try {
        for await (const entry of zip.eachEntry()) {
          signal.throwIfAborted();
          await visitZipped(zip, entry, limits, visit);
        }
      } finally {
        zip.close();
      }
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof JobFault) throw cause;
      throw new JobFault(`The build's context can't be unpacked: ${messageOf(cause)}.`, { cause });
    }
  };
}

async function visitZipped(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry,
  limits: Limits,
  visit: Parameters<Tree>[0],
): Promise<void> {
  const path = safePath(entry.fileName);
  const unix = entry.externalFileAttributes >>> 16;
  const isLink = (unix & 0o170000) === 0o120000;
  const isFolder = entry.fileName.endsWith("/");
  // Archives from systems without modes have none.
  const mode = unix & 0o7777 || (isFolder ? 0o755 : 0o644);
  const common = { path, mode, modified: entry.getLastModDate() };
  const found: TreeEntry = isFolder
    ? { ...common, kind: "folder", size: 0, target: "" }
    : isLink
      ? { ...common, kind: "link", size: 0, target: await zippedText(zip, entry) }
      : { ...common, kind: "file", size: entry.uncompressedSize, target: "" };
  limits.count(found);
  if (path === "") return;
  if (found.kind !== "file") return await visit(found, Readable.from([]));
  const content = await zip.openReadStreamPromise(entry);
  try {
    await visit(found, content);
  } finally {
    content.destroy();
  }
}

async function zippedText(zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<string> {
  if (entry.uncompressedSize > 4096)
    throw new JobFault(`The archive has a link with a target that is too long: ${entry.fileName}.`);
  const chunks: Buffer[] = [];
  for await (const chunk of await zip.openReadStreamPromise(entry)) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** @throws JobFault when the name leads out of the archive. */
export function safePath(name: string): string {
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (name.startsWith("/") || segments.includes("..") || name.includes("\0"))
    throw new JobFault(`The archive names a file outside of itself, ${JSON.stringify(name)}, so it is not used.`);
  return segments.join("/");
}

class Limits {
  #bytes = 0;
  #entries = 0;

  count(entry: TreeEntry | undefined): void {
    this.#bytes += entry?.size ?? 0;
    this.#entries += 1;
    if (this.#bytes > contextBytesMax)
      throw new JobFault(
        `The build's context is larger than ${contextBytesMax / 1024 ** 3} GiB. Data belongs into the job's inputs; a subfolder can be named with /tree/branch/folder.`,
      );
    if (this.#entries > contextEntriesMax)
      throw new JobFault(
        `The build's context has more than ${contextEntriesMax} files: name a subfolder with /tree/branch/folder.`,
      );
  }
}

/** A whole content, which is known to be small. */
export async function bytesOf(content: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
