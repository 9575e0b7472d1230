// A job's inputs and config files as files on this host, before its container is created.

import { hash as digest } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { dirname, join, sep } from "node:path";
import { bytesOfBase64, type DataRef } from "../../wire/dataRef.ts";
import type { JobDefinition } from "../../wire/definition.ts";
import { paths } from "../../wire/http.ts";
import { contentHashOf, own, type Sha256 } from "../../wire/ids.ts";
import { inputPath, relativePathFault } from "../../wire/paths.ts";
import { codeOf, JobFault, messageOf } from "../fault.ts";
import { inputBytesMax, inputFetchesAtOnce } from "../limits.ts";
import { eachAtOnce } from "../pool.ts";
import { type Arrival, Arrivals, type ArrivalsOptions } from "./arrivals.ts";
import type { Content, ContentCache } from "./cache.ts";
import type { Sources } from "./sources.ts";

/** A config file with a place of its own in the container. */
export interface ConfigMount {
  readonly hostPath: string;
  readonly containerPath: string;
}

export interface InputTools {
  readonly api: string;
  readonly cache: ContentCache;
  readonly sources: Sources;
  /** Who hears how far the downloads are. */
  readonly watch: Omit<ArrivalsOptions, "files">;
}

/** Folders of one job, which exist and are empty. */
export interface InputFolders {
  readonly inputs: string;
  readonly config: string;
}

interface PlannedFile {
  readonly name: string;
  readonly ref: DataRef;
  readonly path: string;
}

/**
 * Writes all files, several at a time.
 * @throws JobFault naming the input that could not be had.
 */
export async function prepareInputs(
  definition: JobDefinition,
  folders: InputFolders,
  tools: InputTools,
  signal: AbortSignal,
): Promise<readonly ConfigMount[]> {
  const { files, mounts } = planOf(definition, folders);
  const made = new Map<string, Promise<void>>();
  const downloads = files.filter(({ ref }) => ref.type === "url" || ref.type === "key").length;
  const arrivals = new Arrivals({ ...tools.watch, files: downloads });
  await eachAtOnce(files, inputFetchesAtOnce, signal, async (file, signal) => {
    try {
      await folderOf(file, folders, made);
      await place(file, arrivals, tools, signal);
    } catch (error) {
      throw explained(file, error);
    }
  });
  return mounts;
}

/** Where each file goes. A later name wins over an equal earlier one: what flows in over what the page configures. */
export function planOf(
  definition: JobDefinition,
  folders: InputFolders,
): { readonly files: readonly PlannedFile[]; readonly mounts: readonly ConfigMount[] } {
  const files = new Map<string, PlannedFile>();
  const mounts: ConfigMount[] = [];
  const add = (name: string, ref: DataRef, path: string) => files.set(path, { name, ref, path });
  for (const [name, ref] of Object.entries(definition.configFiles ?? {})) {
    const below = name.startsWith("/") ? /^\/inputs\/(.+)$/s.exec(name)?.[1] : name;
    if (below !== undefined) {
      add(name, ref, confined(folders.inputs, below, name));
      continue;
    }
    if (/^\/(?:outputs|job-cache)\//.test(name))
      throw new JobFault(`The config file ${JSON.stringify(name)} is where the job writes.`);
    const fault = relativePathFault(name.slice(1));
    if (fault) throw new JobFault(`The config file name ${JSON.stringify(name)} ${fault}.`);
    const hostPath = join(folders.config, String(mounts.length));
    mounts.push({ hostPath, containerPath: name });
    add(name, ref, hostPath);
  }
  for (const [name, ref] of Object.entries(definition.inputs ?? {})) {
    add(name, ref, confined(folders.inputs, inputPath(name), name));
  }
  return { files: [...files.values()], mounts };
}

/** The path of `below` inside `root`, checked again here, where it matters, whatever was checked before. */
function confined(root: string, below: string, name: string): string {
  const fault = relativePathFault(below);
  if (fault) throw new JobFault(`The input name ${JSON.stringify(name)} ${fault}.`);
  const path = join(root, below);
  if (!path.startsWith(root + sep)) throw new JobFault(`The input name ${JSON.stringify(name)} leaves its folder.`);
  return path;
}

async function place(
  { ref, path }: PlannedFile,
  arrivals: Arrivals,
  tools: InputTools,
  signal: AbortSignal,
): Promise<void> {
  const expected = ref.hash ?? undefined;
  switch (ref.type) {
    case "url":
      return await placeContent({ url: ref.value, path, expected, arrival: arrivals.next() }, tools, signal);
    case "key": {
      const url = new URL(paths.blob(ref.value), tools.api).href;
      return await placeContent({ url, path, expected, arrival: arrivals.next() }, tools, signal);
    }
    case "json":
      return await placeBytes(Buffer.from(JSON.stringify(ref.value) ?? "null"), path, expected);
    case "base64": {
      const bytes = bytesOfBase64(ref.value);
      if (!bytes) throw new JobFault("Its value is not base64.");
      return await placeBytes(bytes, path, expected);
    }
    case "utf8":
    case undefined:
    case null:
      return await placeBytes(Buffer.from(ref.value), path, expected);
  }
}

async function placeBytes(bytes: Uint8Array, path: string, expected: Sha256 | undefined): Promise<void> {
  if (expected !== undefined && digest("sha256", bytes) !== expected)
    throw new JobFault(`Its value has not the SHA-256 ${expected}.`);
  await writeFile(path, bytes, { flag: "wx" });
  await chmod(path, 0o444);
}

interface Download {
  readonly url: string;
  readonly path: string;
  readonly expected: Sha256 | undefined;
  readonly arrival: Arrival;
}

async function placeContent(download: Download, tools: InputTools, signal: AbortSignal): Promise<void> {
  await fetchContent(download, tools, signal);
  download.arrival.done();
}

async function fetchContent(
  { url, path, expected, arrival }: Download,
  { cache, sources }: InputTools,
  signal: AbortSignal,
): Promise<void> {
  const load = (signal: AbortSignal, expected?: Sha256): Promise<Content> =>
    sources.read(url, signal, (body) => {
      arrival.expects(lengthOf(body));
      const came = (bytes: number) => arrival.came(bytes);
      return cache.add(body, { bytesMax: inputBytesMax, signal, came, ...(expected ? { expected } : {}) });
    });
  // Only an address of ours whose name is a hash promises its content; a hash beside a foreign URL is checked, not looked up.
  const promised = sources.isOurs(url) ? contentHashOf(new URL(url).pathname.replace(/^\/f\//, "")) : undefined;
  if (promised === undefined) {
    const { hash } = await load(signal, expected);
    return await cache.materialise(hash, path);
  }
  if (expected !== undefined && expected !== promised)
    throw new JobFault(`Its address and its hash name different contents.`);
  const take = async () => {
    await cache.ensure(promised, signal, (signal) => load(signal, promised));
    await cache.materialise(own.sha256(promised), path);
  };
  await take().catch(async (error: unknown) => {
    // Removed to make room, between the two.
    if (codeOf(error) !== "ENOENT") throw error;
    await take();
  });
}

function lengthOf({ headers }: IncomingMessage): number | undefined {
  const length = headers["content-length"];
  return length === undefined || !/^\d{1,15}$/.test(length) ? undefined : Number(length);
}

async function folderOf(
  { path }: PlannedFile,
  { inputs, config }: InputFolders,
  made: Map<string, Promise<void>>,
): Promise<void> {
  const make = async (folder: string): Promise<void> => {
    if (folder === inputs || folder === config) return;
    await ensureFolder(dirname(folder));
    await mkdir(folder).catch((error: unknown) => {
      if (codeOf(error) !== "EEXIST") throw error;
    });
    // Whatever the agent's umask is, the image's user may read.
    await chmod(folder, 0o755);
  };
  const ensureFolder = (folder: string): Promise<void> => {
    const known = made.get(folder) ?? make(folder);
    made.set(folder, known);
    return known;
  };
  await ensureFolder(dirname(path));
}

function explained({ name }: PlannedFile, error: unknown): unknown {
  if (error instanceof JobFault)
    return new JobFault(`The input ${JSON.stringify(name)} could not be had. ${error.message}`, { cause: error });
  switch (codeOf(error)) {
    case "EEXIST":
    case "ENOTDIR":
    case "EISDIR":
      return new JobFault(`The input name ${JSON.stringify(name)} is a file in one place and a folder in another.`, {
        cause: error,
      });
    case "ENOSPC":
    case "EDQUOT":
      return new JobFault(`The agent's disk is full: the input ${JSON.stringify(name)} could not be written.`, {
        cause: error,
      });
    default:
      return error instanceof Error ? error : new Error(messageOf(error));
  }
}
