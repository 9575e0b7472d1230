// The agent's parked containers: for what was just run, the next one is started ahead. They count for nothing: no slot, no
// memory, no job. There are at most as many as slots, each for a minute, and the oldest gives way.

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { JobDefinition } from "../../wire/definition.ts";
import type { QueueHash } from "../../wire/ids.ts";
import type { DiskQuota } from "../docker/diskQuota.ts";
import type { Engine } from "../docker/engine.ts";
import type { ImageInfo } from "../docker/engineAnswers.ts";
import { isEngineLoss } from "../docker/engineAnswers.ts";
import type { JobNetwork } from "../docker/network.ts";
import { messageOf } from "../fault.ts";
import { allowanceOf, type JobLimits } from "../job/allowance.ts";
import { folderAt, type JobCacheMode, jobCacheOf } from "../job/jobFolder.ts";
import { type LogSink, shortQueue } from "../log.ts";
import { settledWithin, within } from "../retry.ts";
import type { World } from "../world.ts";
import { findHelper } from "./helper.ts";
import { parkedIdleMs, parkedWaitMs, parkingFailuresMax, parkingMs } from "./limits.ts";
import { ParkedContainer } from "./parkedContainer.ts";
import { canBeParked, type Program, parkingKey, programOf, sameProgram, withoutEnvOf } from "./release.ts";

export interface ParkingOptions {
  readonly engine: Engine;
  readonly agent: string;
  readonly world: World;
  readonly log: LogSink;
  readonly network: Pick<JobNetwork, "place">;
  readonly jobCaches: string;
  readonly jobCache: JobCacheMode;
  /** Where the folders of jobs to come are, on the file system of jobs' folders; and the helper. */
  readonly folder: string;
  readonly limits: JobLimits;
  readonly quota: DiskQuota;
  /** Undefined: the engine's own. */
  readonly runtime: string | undefined;
  /** How many there are at most. */
  readonly places: number;
  readonly idleMs?: number;
}

/** What ran. */
export interface Ran {
  readonly queue: QueueHash;
  readonly definition: JobDefinition;
  readonly image: ImageInfo;
  readonly program: Program;
}

interface Entry {
  readonly key: string;
  readonly ran: Ran;
  /** Undefined when it could not be made. */
  readonly making: Promise<ParkedContainer | undefined>;
  readonly idle: NodeJS.Timeout;
}

export class Parking {
  readonly #options: ParkingOptions;
  readonly #entries: Entry[] = [];
  readonly #chores = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #helper: Promise<string | undefined> | undefined;
  #failures = 0;

  private constructor(options: ParkingOptions) {
    this.#options = options;
  }

  /** Folders that an earlier process left go; its containers have gone before. */
  static async open(options: ParkingOptions): Promise<Parking> {
    await rm(waitingIn(options), { recursive: true, force: true });
    await mkdir(waitingIn(options), { recursive: true });
    return new Parking(options);
  }

  /** The container that waits for such a job, or is about to; it is the caller's then, with its place and folder. */
  claim(queue: QueueHash, definition: JobDefinition, env: Program["env"]): Promise<ParkedContainer | undefined> {
    const key = parkingKey(queue, definition);
    const index = this.#entries.findIndex((entry) => {
      if (entry.key !== key || !canBeParked(definition)) return false;
      const program = programOf(definition, env, entry.ran.image);
      return program !== undefined && sameProgram(program, entry.ran.program);
    });
    const [entry] = index < 0 ? [] : this.#entries.splice(index, 1);
    return entry ? this.#taken(entry) : Promise.resolve(undefined);
  }

  /** Begins to park one more of what ran, if there is none. */
  park(ran: Ran): void {
    const key = parkingKey(ran.queue, ran.definition);
    const isThere = this.#entries.some((entry) => entry.key === key && sameProgram(entry.ran.program, ran.program));
    if (isThere || !this.#isUseful(ran)) return;
    while (this.#entries.length >= this.#options.places) this.#evict(this.#entries[0]);
    const { idleMs = parkedIdleMs } = this.#options;
    const making = this.#make(ran);
    const entry: Entry = { key, ran, making, idle: setTimeout(() => this.#evict(entry), idleMs).unref() };
    this.#entries.push(entry);
  }

  /** Removes all of them. What a job has claimed is the job's. */
  async close(): Promise<void> {
    this.#closing.abort(new Error("The agent is stopping."));
    for (const entry of [...this.#entries]) this.#evict(entry);
    while (this.#chores.size > 0) await Promise.all(this.#chores);
  }

  #isUseful({ definition }: Ran): boolean {
    const { places } = this.#options;
    return (
      places > 0 && canBeParked(definition) && !this.#closing.signal.aborted && this.#failures < parkingFailuresMax
    );
  }

  async #taken({ making, idle, ran }: Entry): Promise<ParkedContainer | undefined> {
    clearTimeout(idle);
    const parked = await settledWithin(making, parkedWaitMs);
    if (!parked?.place.isSound()) {
      this.#discard(making);
      // What was made for a host that has changed says nothing against the next one.
      if (parked) this.park(ran);
      return undefined;
    }
    return parked;
  }

  #evict(entry: Entry | undefined): void {
    if (!entry) return;
    clearTimeout(entry.idle);
    const index = this.#entries.indexOf(entry);
    if (index >= 0) this.#entries.splice(index, 1);
    this.#discard(entry.making);
  }

  #discard(making: Entry["making"]): void {
    const chore = making
      .then((parked) => parked?.discard())
      .catch((error: unknown) => this.#warn("parked container not removed", error))
      .finally(() => this.#chores.delete(chore));
    this.#chores.add(chore);
  }

  async #make(ran: Ran): Promise<ParkedContainer | undefined> {
    try {
      const parked = await this.#made(ran);
      this.#failures = 0;
      this.#options.log({ event: "container parked", queue: shortQueue(ran.queue), container: parked.id });
      return parked;
    } catch (error) {
      // An engine that is away comes back.
      if (!isEngineLoss(error)) this.#failures += 1;
      if (!this.#closing.signal.aborted) this.#warn("container not parked", error);
      return undefined;
    }
  }

  async #made({ queue, definition, image }: Ran): Promise<ParkedContainer> {
    const { engine, agent, world, network, jobCaches, limits, runtime, folder } = this.#options;
    const signal = within(parkingMs, this.#closing.signal);
    this.#helper ??= findHelper(
      { engine, agent, folder: join(folder, "helper"), newId: world.newId },
      within(parkingMs),
    );
    const busybox = await this.#helper.catch((error: unknown) => {
      this.#helper = undefined;
      throw error;
    });
    if (busybox === undefined) {
      // Said once: it stays so until the agent is started again.
      this.#failures = parkingFailuresMax;
      throw new Error(
        "This machine has no static busybox, and the engine no image longshore/shell: jobs start slower.",
      );
    }
    const place = await network.place(queue);
    const id = world.newId();
    const ahead = folderAt(join(waitingIn(this.#options), id));
    const jobCache = this.#options.jobCache === "job" ? ahead.jobCache : jobCacheOf(jobCaches, queue);
    const imageId = image.id;
    const withoutEnv = withoutEnvOf(image);
    const allowance = allowanceOf(definition, limits);
    const quota = this.#options.quota.given;
    const plan = { agent, queue, definition, imageId, allowance, quota, runtime, gpus: [], jobCache, withoutEnv };
    const name = `longshore-${agent.slice(0, 8)}-parked-${id}`;
    const parts = { engine, name, busybox, folder: ahead, place, image, plan, mark: `.${world.newId()}` };
    return await ParkedContainer.make(parts, signal);
  }

  #warn(event: string, error: unknown): void {
    this.#options.log({ event, level: "warn", message: messageOf(error) });
  }
}

function waitingIn({ folder }: ParkingOptions): string {
  return join(folder, "waiting");
}
