// What a folder takes on its disk, without following links.

import { lstatSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { codeOf } from "../fault.ts";
import { walkSliceMs } from "../limits.ts";

interface Walk {
  readonly now: () => number;
  /** Looks no further once it is larger. */
  readonly enough?: number;
  readonly signal: AbortSignal;
}

/** Bytes that files below the folder take; it may change meanwhile. */
export async function treeSize(folder: string, walk: Walk): Promise<number> {
  return (await treeUse(folder, walk)).size;
}

/** The same, and when one of them was read or written last: looking at folders reads these, so theirs don't count. */
export async function treeUse(
  folder: string,
  { now, enough = Number.POSITIVE_INFINITY, signal }: Walk,
): Promise<{ readonly size: number; readonly usedAt: number }> {
  let size = 0;
  let usedAt = 0;
  let sliceEnds = now() + walkSliceMs;
  // A file with several names takes its place once.
  const linked = new Set<number>();
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined && size <= enough; next = folders.pop()) {
    // Synchronous, in slices: promises would cost ten times as much for each of many small files.
    for (const entry of namesIn(next)) {
      const path = join(next, entry.name);
      const stat = unlessGone(() => lstatSync(path));
      if (entry.isDirectory()) folders.push(path);
      else usedAt = Math.max(usedAt, stat?.atimeMs ?? 0, stat?.mtimeMs ?? 0);
      size += stat ? sizeOf(stat, linked) : 0;
      if (now() < sliceEnds) continue;
      await breathe();
      signal.throwIfAborted();
      sliceEnds = now() + walkSliceMs;
    }
  }
  return { size, usedAt };
}

function namesIn(folder: string) {
  return unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? [];
}

function sizeOf(stat: Stats, linked: Set<number>): number {
  if (stat.nlink > 1 && !stat.isDirectory() && linked.has(stat.ino)) return 0;
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
