// Running a prepared job: in the container that waits for it, else in one of its own, or in the one that an earlier process began.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ResourceLimits, ResourceSample, ResourceUse } from "../../wire/resources.ts";
import { containerName } from "../docker/container.ts";
import { isHolderGone } from "../docker/network.ts";
import { NeverBegan, type Run, type RunEnd, runContainer } from "../docker/runContainer.ts";
import { JobFault } from "../fault.ts";
import { type DiskWatch, withinDisk } from "../housekeeping/diskWatch.ts";
import { killedStatus, namespaceTries } from "../limits.ts";
import { parkAfterEndMs, parkAfterMs, renameAfterMs } from "../parked/limits.ts";
import { isMarked, type ParkedContainer } from "../parked/parkedContainer.ts";
import { type Program, programOf } from "../parked/release.ts";
import { kernelToldOfMemory } from "../usage/kernelLog.ts";
import { Meter } from "../usage/meter.ts";
import type { Adopted } from "./adopt.ts";
import { writeJobRecord } from "./jobFolder.ts";
import { create, envOf, type Life, type Prepared, recordOf } from "./prepare.ts";

export interface HowToRun extends Omit<Run, "id" | "begin" | "started" | "silent"> {
  /** What it uses now. */
  readonly sampled: (limits: ResourceLimits, sample: ResourceSample) => void;
}

export interface MeteredEnd extends RunEnd {
  readonly resources: ResourceUse;
}

/** @throws as `runContainer`. */
export async function execute(life: Life, prepared: Prepared, how: HowToRun, signal: AbortSignal): Promise<MeteredEnd> {
  const { task, tools } = life;
  const program = programOf(task.definition, envOf(life), prepared.image);
  const ran = program && { queue: task.queue, definition: task.definition, image: prepared.image, program };
  const next = new AfterAWhile(() => ran && tools.parking.park(ran));
  try {
    const parked = await life.parked;
    const end = parked && (await runParked(life, { parked, program, prepared, how, next }, signal));
    return end ?? (await runNew(life, { prepared, how, next }, signal));
  } finally {
    // The result goes first: its way is the next few milliseconds.
    next.sooner(parkAfterEndMs);
  }
}

interface NewRun {
  readonly prepared: Prepared;
  readonly how: HowToRun;
  readonly next: AfterAWhile;
}

/** A holder may die between the moment in which its namespace is taken and the one in which the job joins it. */
async function runNew(life: Life, { prepared, how, next }: NewRun, signal: AbortSignal): Promise<MeteredEnd> {
  const { task, tools, places } = life;
  for (let tries = 1; ; tries += 1) {
    const place = await places.current();
    try {
      const id = await create(life, prepared, place.hostConfig, signal);
      return await run(life, { ...how, id, begin: { kind: "new" }, started: () => next.begin(parkAfterMs) }, signal);
    } catch (error) {
      if (tries >= namespaceTries || !isHolderGone(error, place.hostConfig)) throw error;
      // The record of what never began goes with the next one.
      await tools.engine.remove(containerName({ ...task, agent: tools.agent }));
      await places.renew();
    }
  }
}

interface ParkedRun extends NewRun {
  readonly parked: ParkedContainer;
  readonly program: Program | undefined;
}

/** Undefined when nothing of the job has begun: then the parked container is gone. */
async function runParked(
  life: Life,
  { parked, program, prepared, how, next }: ParkedRun,
  signal: AbortSignal,
): Promise<MeteredEnd | undefined> {
  const { task, tools, folder } = life;
  if (program && parked.image.id === prepared.image.id) {
    const { id: container, mark, output } = parked;
    const since = tools.world.now();
    await writeJobRecord(
      folder,
      { ...recordOf(life, prepared.image), parked: { container, mark, since } },
      tools.world.newId,
    );
    // For who looks at the engine, and only of a job that lasts: the engine writes it to its disk.
    const name = containerName({ ...task, agent: tools.agent });
    const renaming = setTimeout(() => tools.engine.rename(container, name).catch(() => {}), renameAfterMs);
    const started = () => {
      next.begin(parkAfterMs);
      tools.log({ event: "job took a parked container", container });
    };
    const begin = { kind: "waiting", output, release: () => parked.release(program) } as const;
    try {
      const end = await run(life, { ...how, id: container, begin, started }, signal);
      if (!(await parked.declined(folder))) return end;
    } catch (error) {
      if (!(error instanceof NeverBegan)) throw error;
    } finally {
      clearTimeout(renaming);
    }
  }
  await parked.remove();
  await rm(join(folder.outputs, parked.mark), { force: true });
  return undefined;
}

export async function runAdopted(
  life: Life,
  { container: id, state, record }: Adopted,
  how: HowToRun,
  signal: AbortSignal,
): Promise<MeteredEnd> {
  const { parked } = record;
  const end = await run(
    life,
    { ...how, id, begin: { kind: state, since: parked?.since, seen: life.log.seen } },
    signal,
  );
  // It was about to be told when the earlier process died, and has only ended since it was found.
  if (parked && (await isMarked(life.folder.outputs, parked.mark)))
    throw new JobFault("The agent was restarted in the moment in which the job would have begun. Run it again.");
  return end;
}

async function run(life: Life, { sampled, ...options }: HowToRun & Run, signal: AbortSignal): Promise<MeteredEnd> {
  const { engine, id, world } = options;
  const { cpus, memoryBytes } = life.allowance;
  const limits = { memoryBytes, ...(cpus === undefined ? {} : { cpus }) };
  const meter = new Meter({
    engine,
    id,
    world,
    limits,
    gpus: life.task.share.gpus,
    sampled: (one) => sampled(limits, one),
  });
  const started = () => {
    options.started?.();
    meter.begin();
  };
  const whole: Run = { ...options, started, silent: () => meter.end() };
  try {
    const end = await withinDisk(diskWatch(life, id), signal, (signal) => runContainer(whole, signal));
    const used = meter.total(end.outOfMemory);
    const isUnexplained = end.statusCode === killedStatus && !end.timedOut && used.outOfMemory !== true;
    const outOfMemory = used.outOfMemory === true || (isUnexplained && (await kernelToldOfMemory(id)));
    return { ...end, outOfMemory, resources: { ...used, outOfMemory } };
  } finally {
    meter.close();
  }
}

function diskWatch({ tools, folder, jobCache, allowance }: Life, id: string): DiskWatch {
  const { engine, limits, world, log } = tools;
  return {
    outputs: folder.outputs,
    jobCache,
    diskBytes: allowance.diskBytes,
    jobCacheBytes: limits.jobCacheBytes,
    written: (signal) => engine.writtenBytes(id, signal),
    now: world.elapsed,
    failed: (message) => log({ event: "disk not looked at", level: "warn", message }),
  };
}

/** Something that is done once, a while after it has become possible. */
class AfterAWhile {
  readonly #work: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isPending = false;

  constructor(work: () => void) {
    this.#work = work;
  }

  begin(ms: number): void {
    clearTimeout(this.#timer);
    this.#isPending = true;
    this.#timer = setTimeout(() => {
      this.#isPending = false;
      this.#work();
    }, ms);
  }

  /** If it has begun and is not done. */
  sooner(ms: number): void {
    if (this.#isPending) this.begin(ms);
  }
}
