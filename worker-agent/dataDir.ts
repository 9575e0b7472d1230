// The agent's data folder: its lock, its secret, and where everything in it is.

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { agentIdOf } from "../wire/agentId.ts";
import type { AgentId } from "../wire/ids.ts";
import { writeWhole } from "./atomicFile.ts";
import { codeOf } from "./fault.ts";
import { lockWaitMs } from "./limits.ts";

export interface DataDir {
  readonly path: string;
  /** What the agent's identity is the hash of. Never leaves this machine but in a hello. */
  readonly secret: string;
  /** The agent's public id, by which its containers know it. */
  readonly agent: AgentId;
  readonly cache: string;
  readonly builds: string;
  readonly jobs: string;
  readonly jobCaches: string;
  readonly spool: string;
  /** Who kept this folder before a new identity began. */
  readonly former?: AgentId;
  unlock(): void;
}

/** A second agent on the same folder. The message is for a person. */
export class LockedError extends Error {}

export interface Identity {
  /** Without it, the one that the folder keeps. */
  readonly secret?: string;
  /** The folder's one is made anew. */
  readonly newIdentity?: boolean;
}

/** Makes the folder if needed and locks it for this process. @throws LockedError */
export async function openDataDir(folder: string, identity: Identity, newId: () => string): Promise<DataDir> {
  const path = resolve(folder);
  await mkdir(path, { recursive: true });
  // Jobs write files as any user, also set-uid ones, below here: nobody else on this machine may reach them.
  await chmod(path, 0o700);
  const unlock = lock(path);
  try {
    const secretPath = join(path, "secret");
    const former = identity.newIdentity ? await secretIn(secretPath) : undefined;
    if (former !== undefined) await rm(secretPath);
    const kept = identity.secret ?? (await keptSecret(secretPath, newId));
    return {
      path,
      secret: kept,
      agent: agentIdOf(kept),
      cache: join(path, "cache"),
      builds: join(path, "builds"),
      jobs: join(path, "jobs"),
      jobCaches: join(path, "job-cache"),
      spool: join(path, "spool"),
      ...(former === undefined ? {} : { former: agentIdOf(former) }),
      unlock,
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** In a folder of the embedded way, the agent's is below. */
export function agentFolder(dataDir: string): string {
  const below = join(resolve(dataDir), "agent");
  return existsSync(join(below, lockName)) ? below : resolve(dataDir);
}

/** Whether an agent runs with that folder. */
export function isInUse(path: string): boolean {
  if (!existsSync(join(path, lockName))) return false;
  const database = new DatabaseSync(join(path, lockName), { readOnly: true });
  try {
    database.exec("SELECT * FROM sqlite_master");
    return false;
  } catch {
    return true;
  } finally {
    database.close();
  }
}

const lockName = "lock";

/** SQLite's lock on a file ends with the process, however that ends; Node has no other portable one. */
function lock(path: string): () => void {
  // Who only asks whether it is taken holds it for a moment.
  const database = new DatabaseSync(join(path, lockName), { timeout: lockWaitMs });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    throw new LockedError(
      `Another agent is using the data folder ${path}. Stop it, or give this one a folder of its own with --data-dir.`,
      {
        cause,
      },
    );
  }
  let open = true;
  return () => {
    if (open) database.close();
    open = false;
  };
}

/** The secret in that file, made if there is none. */
export async function keptSecret(path: string, newId: () => string): Promise<string> {
  const kept = await secretIn(path);
  if (kept !== undefined) return kept;
  const secret = randomBytes(32).toString("hex");
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, `${secret}\n`, newId);
  return secret;
}

async function secretIn(path: string): Promise<string | undefined> {
  try {
    const secret = (await readFile(path, "utf8")).trim();
    return secret.length >= 32 ? secret : undefined;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
