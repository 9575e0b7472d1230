// What a folder takes on its disk, without following links.

import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { codeOf } from "../fault.ts";
import { walkSliceMs } from "../limits.ts";

/** Bytes that files below the folder take; it may change meanwhile. Looks no further once it is above `enough`. */
export async function treeSize(
  folder: string,
  { now, enough = Number.POSITIVE_INFINITY, signal }: { now: () => number; enough?: number; signal: AbortSignal },
): Promise<number> {
  let size = 0;
  let sliceEnds = now() + walkSliceMs;
  // A file with several names takes its place once.
  const linked = new Set<number>();
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined && size <= enough; next = folders.pop()) {
    // Synchronous, in slices: promises would cost ten times as much for each of many small files.
    for (const entry of namesIn(next)) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) folders.push(path);
      size += sizeOf(path, linked);
      if (now() < sliceEnds) continue;
      await breathe();
      signal.throwIfAborted();
      sliceEnds = now() + walkSliceMs;
    }
  }
  return size;
}

function namesIn(folder: string) {
  return unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? [];
}

function sizeOf(path: string, linked: Set<number>): number {
  const stat = unlessGone(() => lstatSync(path));
  if (!stat || (stat.nlink > 1 && !stat.isDirectory() && linked.has(stat.ino))) return 0;
  if (stat.nlink > 1) linked.add(stat.ino);
  // Blocks of 512 bytes whatever the file system's own are (stat(2)): a file with holes takes less than its length.
  return stat.blocks * 512;
}

/** A running job removes files while they are looked at, and may keep folders to itself. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES", "EPERM"].includes(codeOf(error) ?? "")) return undefined;
    throw error;
  }
}
