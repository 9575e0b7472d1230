// What one attempt has on this host: its folder with inputs and outputs, and a record of what it is, from which a restarted
// agent takes it up again.

import { chmod, mkdir, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { Held } from "../../wire/agentMessages.ts";
import { JobDefinition } from "../../wire/definition.ts";
import { QueueHash } from "../../wire/ids.ts";
import { ImageUsed, PhaseTime } from "../../wire/result.ts";
import { readJson, writeWhole } from "../atomicFile.ts";
import type { TakeOver } from "../docker/takeOver.ts";
import { codeOf } from "../fault.ts";
import { removeTree } from "../files/removeTree.ts";

/** An attempt as its folder remembers it. */
export const JobRecord = v.object({
  ...Held.entries,
  queue: QueueHash,
  definition: JobDefinition,
  /** The deployment's addresses when the attempt began, the public one first. */
  origins: v.array(v.string()),
  gpus: v.array(v.string()),
  beganAt: v.number(),
  /** Log lines that came before the container's own. */
  linesBefore: v.number(),
  /** Which parked container becomes the job, by what mark it says that it has not, and when it was told to. */
  parked: v.optional(v.object({ container: v.string(), mark: v.string(), since: v.number() })),
  phases: v.array(PhaseTime),
  image: v.optional(ImageUsed),
});
export type JobRecord = Readonly<v.InferOutput<typeof JobRecord>>;

export interface JobFolder {
  readonly path: string;
  readonly inputs: string;
  readonly config: string;
  readonly outputs: string;
  /** Where each job has a /job-cache of its own. */
  readonly jobCache: string;
  readonly log: string;
}

export function jobFolder(jobs: string, { queue, job, attempt }: Held & { readonly queue: QueueHash }): JobFolder {
  return folderAt(join(jobs, `${queue.slice(0, 8)}-${job.slice(0, 16)}-${attempt}`));
}

export function folderAt(path: string): JobFolder {
  return {
    path,
    inputs: join(path, "inputs"),
    config: join(path, "config"),
    outputs: join(path, "outputs"),
    jobCache: join(path, "job-cache"),
    log: join(path, "log"),
  };
}

/** Makes the folder anew. The image's user, whoever that is, can write outputs. */
export async function makeJobFolder(folder: JobFolder, takeOver?: TakeOver): Promise<void> {
  await removeJobFolder(folder, takeOver);
  await mkdir(folder.path, { recursive: true });
  for (const [path, mode] of [
    [folder.inputs, 0o755],
    [folder.config, 0o755],
    [folder.outputs, 0o777],
  ] as const) {
    await mkdir(path);
    // The agent's umask would take from the mode that mkdir is given.
    await chmod(path, mode);
  }
}

/** Makes the folder of what was made ahead. What is mounted from there stays mounted. */
export async function moveJobFolder(from: JobFolder, to: JobFolder, takeOver?: TakeOver): Promise<void> {
  await removeJobFolder(to, takeOver);
  await rename(from.path, to.path);
}

export async function removeJobFolder({ path, outputs }: JobFolder, takeOver?: TakeOver): Promise<void> {
  // Only what the job wrote: its inputs may be links to what others read.
  await removeTree(outputs, takeOver);
  await removeTree(path);
}

export async function writeJobRecord(folder: JobFolder, record: JobRecord, newId: () => string): Promise<void> {
  // With the machine its containers end too, and there is nothing left to take up.
  await writeWhole(join(folder.path, "job.json"), JSON.stringify(record), newId, false);
}

/** The records of all folders, with the names of those that have none. */
export async function readJobRecords(jobs: string): Promise<ReadonlyMap<string, JobRecord | undefined>> {
  await mkdir(jobs, { recursive: true });
  const found = new Map<string, JobRecord | undefined>();
  for (const name of await readdir(jobs)) {
    const parsed = v.safeParse(JobRecord, await readJson(join(jobs, name, "job.json")));
    found.set(join(jobs, name), parsed.success ? parsed.output : undefined);
  }
  return found;
}

/** What a job finds at /job-cache: what all jobs of its queue keep there, or nothing yet. */
export const jobCacheModes = ["queue", "job"] as const;
export type JobCacheMode = (typeof jobCacheModes)[number];

export function jobCacheOf(jobCaches: string, queue: QueueHash): string {
  return join(jobCaches, queue);
}

/** A folder behind /job-cache: every job that has it may write it, whatever its user. */
export async function makeJobCache(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o1777).catch((error: unknown) => {
    // A job that ran as root may have made it its own, and this agent is not root. That is between the queue's jobs.
    if (codeOf(error) !== "EPERM") throw error;
  });
}
