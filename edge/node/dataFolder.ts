// The data folder: one process at a time, and the secret under which queue names are hashed.

import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export class DataFolderInUseError extends Error {}

export interface DataFolder {
  readonly path: string;
  readonly secret: string;
  release(): void;
}

/** @throws DataFolderInUseError while another process holds it. */
export function openDataFolder(path: string): DataFolder {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const lock = lockFolder(path);
  return { path, secret: secretOf(path), release: () => lock.close() };
}

// An exclusive transaction that stays open: the operating system drops the lock with the process, however it ends.
function lockFolder(path: string): DatabaseSync {
  const lock = new DatabaseSync(join(path, "lock.sqlite"));
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (cause) {
    lock.close();
    throw new DataFolderInUseError(
      `Another Longshore is running on the data in ${path}: stop it first, or choose another folder (LONGSHORE_DATA_DIR).`,
      { cause },
    );
  }
}

function secretOf(path: string): string {
  const file = join(path, "secret");
  try {
    writeFileSync(file, randomBytes(32).toString("hex"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  return readFileSync(file, "utf8").trim();
}
