// Files that are either there as a whole or not at all.

import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "./fault.ts";

/**
 * Replaces the file's content. A crash leaves the old content or the new one; without `flush` that is so for a crash of this
 * process, not of the machine.
 */
export async function writeWhole(path: string, text: string, newId: () => string, flush = true): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${newId()}.partial`;
  try {
    await writeFile(partial, text, { flag: "wx", mode: 0o600, flush });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** The file's JSON, or undefined when there is none or it is broken: the caller checks its shape. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
