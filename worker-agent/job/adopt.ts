// What an earlier process of this agent left on the host: containers that still run or have ended are taken up again, the
// rest is removed.

import { join } from "node:path";
import { labels } from "../docker/container.ts";
import type { Engine } from "../docker/engine.ts";
import type { ListedContainer } from "../docker/engineAnswers.ts";
import { holderOf } from "../docker/network.ts";
import type { TakeOver } from "../docker/takeOver.ts";
import { messageOf } from "../fault.ts";
import { removeTree } from "../files/removeTree.ts";
import { type LogSink, shortQueue } from "../log.ts";
import { isMarked } from "../parked/parkedContainer.ts";
import type { Spool } from "../queue/spool.ts";
import { type JobRecord, jobFolder, readJobRecords } from "./jobFolder.ts";

export interface Adopted {
  readonly container: string;
  readonly state: "running" | "exited";
  /** Where its container is, in the engine's words. */
  readonly networkMode: string;
  readonly record: JobRecord;
}

export interface AdoptOptions {
  readonly engine: Engine;
  readonly agent: string;
  readonly jobs: string;
  readonly spool: Spool;
  readonly takeOver: TakeOver;
  readonly log: LogSink;
}

/** Resolves when only what is adopted is left. */
export async function adopt(
  { engine, agent, jobs, spool, takeOver, log }: AdoptOptions,
  signal: AbortSignal,
): Promise<readonly Adopted[]> {
  const folders = await readJobRecords(jobs);
  // A record in a folder of another name is a copy, not an attempt of ours.
  const records = [...folders].flatMap(([path, record]) =>
    record && jobFolder(jobs, record).path === path ? [record] : [],
  );
  const adopted: Adopted[] = [];
  const others: string[] = [];
  for (const container of await engine.list(`${labels.agent}=${agent}`, signal)) {
    const record = recordOf(container, records);
    const state = stateOf(container);
    if (record && state && !spool.has(record.queue, record) && !(await neverBegan(record, jobs))) {
      adopted.push({ container: container.Id, state, networkMode: container.HostConfig.NetworkMode, record });
      log({ event: "job adopted", queue: shortQueue(record.queue), job: record.job, attempt: record.attempt, state });
    } else {
      others.push(container.Id);
    }
  }
  const holders = new Set(adopted.map(({ networkMode }) => holderOf(networkMode)));
  for (const id of others) if (!holders.has(id)) await engine.remove(id, signal);
  const kept = new Set(adopted.map(({ record }) => jobFolder(jobs, record).path));
  for (const path of folders.keys()) if (!kept.has(path)) await removeFolder(path, takeOver, log);
  return adopted;
}

async function removeFolder(path: string, takeOver: TakeOver, log: LogSink): Promise<void> {
  try {
    await removeTree(join(path, "outputs"), takeOver);
    await removeTree(path);
  } catch (error) {
    // What this agent may not remove costs disk, and nothing else.
    log({ event: "folder not removed", level: "warn", message: messageOf(error) });
  }
}

/** A container that was parked for it ended with the earlier process, before it was told what to become. */
async function neverBegan(record: JobRecord, jobs: string): Promise<boolean> {
  return record.parked !== undefined && (await isMarked(jobFolder(jobs, record).outputs, record.parked.mark));
}

function recordOf({ Id, Labels }: ListedContainer, records: readonly JobRecord[]): JobRecord | undefined {
  return records.find(
    ({ queue, job, attempt, parked }) =>
      parked?.container === Id ||
      (Labels[labels.queue] === queue && Labels[labels.job] === job && Labels[labels.attempt] === attempt),
  );
}

function stateOf({ State }: ListedContainer): "running" | "exited" | undefined {
  switch (State) {
    case "running":
    case "paused":
    case "restarting":
      return "running";
    case "exited":
    case "dead":
      return "exited";
    default:
      // Created and never started: what it would have done may depend on what died with the earlier process.
      return undefined;
  }
}
