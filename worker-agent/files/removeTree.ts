// Removing what a job left, however deep it is and whoever it belongs to.

import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import type { TakeOver } from "../docker/takeOver.ts";
import { codeOf } from "../fault.ts";
import { removeMs } from "../limits.ts";

export async function removeTree(path: string, takeOver?: TakeOver): Promise<void> {
  try {
    await remove(path);
  } catch (error) {
    if (!takeOver || !/\b(?:EACCES|EPERM)\b|denied|not permitted/i.test(String(error))) throw error;
    return takeOver(dirname(path), basename(path)).then(() => remove(path));
  }
}

async function remove(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    // Node names each file by its whole path, which has a limit that a tree has not.
    if (codeOf(error) !== "ENAMETOOLONG") throw error;
    await promisify(execFile)("rm", ["-rf", "--", path], { timeout: removeMs });
  }
}
