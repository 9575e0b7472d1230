// What the data folder keeps for later: inputs by their content, each queue's /job-cache, and folders of jobs that are over.

import { lstat, readdir, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../fault.ts";
import { spareAfterMs } from "../limits.ts";
import type { Pile, Spare } from "./pile.ts";
import { treeSize, treeUse } from "./treeSize.ts";

export interface DataFolders {
  readonly cache: string;
  readonly jobCaches: string;
  readonly jobs: string;
  readonly cacheBytes: number;
  readonly jobCacheBytes: number;
  /** Whether a job of the queue with that hash is here. */
  readonly isServing: (queue: string) => boolean;
  /** Whether a job has that folder. */
  readonly isHeld: (path: string) => boolean;
  readonly now: () => number;
}

export async function dataPiles(folders: DataFolders, signal: AbortSignal): Promise<readonly Pile[]> {
  const { jobCaches, isServing } = folders;
  const queues = (await namesIn(jobCaches)).filter((queue) => !isServing(queue));
  const caches: Pile[] = [];
  for (const queue of queues) caches.push(await jobCachePile(folders, queue, signal));
  return [await inputPile(folders), ...caches, await folderPile(folders, signal)];
}

/** An input that a job has is a file with two names: the cache's and the job's. */
async function inputPile({ cache, cacheBytes, now }: DataFolders): Promise<Pile> {
  const spares: Spare[] = [];
  let keptBytes = 0;
  for (const below of (await namesIn(cache)).filter((name) => name.length === 2)) {
    for (const name of await namesIn(join(cache, below))) {
      const path = join(cache, below, name);
      const stat = await unlessGone(lstat(path));
      if (!stat) continue;
      const bytes = stat.blocks * 512;
      // A link to it or from it sets the time of its last change of status; a copy, where there are no links, that of reading.
      const lastUsedAt = Math.max(stat.ctimeMs, stat.atimeMs);
      if (stat.nlink > 1 || lastUsedAt > now() - spareAfterMs) keptBytes += bytes;
      else spares.push({ what: "input", lastUsedAt, bytes, remove: () => unlinkUnused(path) });
    }
  }
  return { bytesMax: cacheBytes, keptBytes, spares };
}

async function unlinkUnused(path: string): Promise<boolean> {
  const stat = await unlessGone(lstat(path));
  if (!stat || stat.nlink > 1) return false;
  // A job that wants it between these two finds it gone, and fetches it again.
  await unlink(path);
  return true;
}

/** Entry by entry: what was used last stays. */
async function jobCachePile(
  { jobCaches, jobCacheBytes, isServing, now }: DataFolders,
  queue: string,
  signal: AbortSignal,
): Promise<Pile> {
  const spares: Spare[] = [];
  for (const name of await namesIn(join(jobCaches, queue))) {
    const path = join(jobCaches, queue, name);
    const stat = await unlessGone(lstat(path));
    if (!stat) continue;
    const { size, usedAt } = stat.isDirectory()
      ? await treeUse(path, { now, signal })
      : { size: stat.blocks * 512, usedAt: stat.atimeMs };
    const lastUsedAt = Math.max(usedAt, stat.mtimeMs);
    const remove = async () => {
      if (isServing(queue)) return false;
      await rm(path, { recursive: true, force: true });
      return true;
    };
    spares.push({ what: "job cache", lastUsedAt, bytes: size, remove });
  }
  return { bytesMax: jobCacheBytes, keptBytes: 0, spares };
}

/** What could not be removed when its job ended: nothing needs it any more. */
async function folderPile({ jobs, isHeld, now }: DataFolders, signal: AbortSignal): Promise<Pile> {
  const spares: Spare[] = [];
  for (const name of await namesIn(jobs)) {
    const path = join(jobs, name);
    const stat = await unlessGone(lstat(path));
    if (!stat || isHeld(path) || stat.ctimeMs > now() - spareAfterMs) continue;
    const remove = async () => {
      if (isHeld(path)) return false;
      await rm(path, { recursive: true, force: true });
      return true;
    };
    spares.push({ what: "job folder", lastUsedAt: stat.ctimeMs, bytes: await treeSize(path, { now, signal }), remove });
  }
  return { bytesMax: 0, keptBytes: 0, spares };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await unlessGone(readdir(folder))) ?? [];
}

async function unlessGone<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}
