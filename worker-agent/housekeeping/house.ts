// The housekeeping of one agent: its data folder's disk, and the engine's where this process can see it.

import { stat } from "node:fs/promises";
import type { Engine } from "../docker/engine.ts";
import type { ImageRecords } from "../images/records.ts";
import type { JobLimits } from "../job/allowance.ts";
import type { HeldJobs } from "../job/heldJobs.ts";
import { jobFolder } from "../job/jobFolder.ts";
import { inputCacheBytes, keepFreeBytes } from "../limits.ts";
import type { LogSink } from "../log.ts";
import type { World } from "../world.ts";
import { buildPile } from "./buildPile.ts";
import { dataPiles } from "./dataPiles.ts";
import type { Disk, HousekeeperOptions } from "./housekeeper.ts";
import { imagePile } from "./imagePile.ts";

/** How much disk the operator gives. */
export interface Room {
  readonly cacheBytes: number;
  readonly keepFreeBytes: number;
}

export const defaultRoom: Room = { cacheBytes: inputCacheBytes, keepFreeBytes };

export type House = Omit<HousekeeperOptions, "changed">;

export interface HouseOptions {
  readonly engine: Engine;
  readonly agent: string;
  /** `engine` is where the engine keeps its data, on its own machine. */
  readonly folders: Readonly<Record<"path" | "cache" | "jobCaches" | "jobs", string>> & {
    readonly engine: string | undefined;
  };
  readonly records: ImageRecords;
  readonly held: HeldJobs;
  readonly limits: Pick<JobLimits, "jobCacheBytes">;
  readonly room: Room;
  readonly world: World;
  readonly log: LogSink;
}

/** What its housekeeper should look at. */
export async function houseOf(options: HouseOptions): Promise<House> {
  const { engine, agent, folders, records, held, limits, room, world, log } = options;
  const data: Disk["piles"] = (signal) =>
    dataPiles(
      {
        ...folders,
        cacheBytes: room.cacheBytes,
        jobCacheBytes: limits.jobCacheBytes,
        isServing: (queue) => held.list().some((task) => task.queue === queue),
        isHeld: (path) => held.list().some((task) => jobFolder(folders.jobs, task).path === path),
        now: world.now,
      },
      signal,
    );
  const images: Disk["piles"] = async (signal) => [
    await imagePile({ engine, records, now: world.now }, signal),
    await buildPile({ engine, agent, records, now: world.now }, signal),
  ];
  const { keepFreeBytes } = room;
  return { disks: await disksOf(folders.path, data, folders.engine, images), keepFreeBytes, world, log };
}

/** One disk if both folders are on it. An engine whose folder is not to be seen is elsewhere, and keeps its own house. */
async function disksOf(
  path: string,
  data: Disk["piles"],
  engineFolder: string | undefined,
  images: Disk["piles"],
): Promise<readonly Disk[]> {
  const device = async (folder: string) => (await stat(folder)).dev;
  const theirs = engineFolder === undefined ? undefined : await device(engineFolder).catch(() => undefined);
  if (engineFolder === undefined || theirs === undefined) return [{ path, piles: data }];
  if (theirs !== (await device(path)))
    return [
      { path, piles: data },
      { path: engineFolder, piles: images },
    ];
  return [{ path, piles: async (signal) => [...(await data(signal)), ...(await images(signal))] }];
}
