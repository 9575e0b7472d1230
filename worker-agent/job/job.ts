// The life of one attempt, as one function under one signal: prepare inputs, ensure the image, run, collect outputs, report.
// Whatever happens, nothing of it stays on the host.

import { basename } from "node:path";
import type { ResourceLimits, ResourceSample } from "../../wire/resources.ts";
import type { JobPhase } from "../../wire/result.ts";
import { containerName } from "../docker/container.ts";
import { isEngineLoss } from "../docker/engineAnswers.ts";
import type { Place } from "../docker/network.ts";
import type { RunEnd } from "../docker/runContainer.ts";
import { isDiskFull, JobFault, messageOf } from "../fault.ts";
import { collectOutputs } from "../files/outputs.ts";
import { BlobUpload } from "../files/upload.ts";
import { imageUsed } from "../images/imageName.ts";
import type { AskUpload } from "../queue/questions.ts";
import type { SpooledFinish } from "../queue/spool.ts";
import { allowanceOf } from "./allowance.ts";
import { execute, type MeteredEnd, runAdopted } from "./execute.ts";
import { errorFinish, runFinish } from "./finish.ts";
import { jobCacheOf, jobFolder, removeJobFolder } from "./jobFolder.ts";
import { JobLog } from "./jobLog.ts";
import type { LogUplink } from "./logFeed.ts";
import { readStoredPieces } from "./logPieces.ts";
import { Phases, type ProgressNote } from "./phases.ts";
import { Places } from "./places.ts";
import { envOf, type JobTask, type JobTools, type Life, originOf, prepare } from "./prepare.ts";

/** The job's line to its queue, which may be away. */
export interface Uplink {
  readonly progress: (phase: JobPhase, note: ProgressNote) => void;
  /** What the running job uses. */
  readonly resources: (limits: ResourceLimits, sample: ResourceSample) => void;
  readonly log: LogUplink;
  /** A step of an upload in parts. */
  readonly upload: AskUpload;
  /** The engine went away with the attempt in it: true when the attempt will be given back, false when it was so too often. */
  readonly engineLost: (why: string) => boolean;
  /** Resolves when the finish is safe. It is called at most once, and not for a job that was aborted. */
  readonly finished: (finish: SpooledFinish) => Promise<void>;
}

/** Resolves when nothing of the attempt is left here. Never rejects for what happens to the job. */
export async function runJob(task: JobTask, tools: JobTools, uplink: Uplink, signal: AbortSignal): Promise<void> {
  const { world, log: tell } = tools;
  const record = task.adopted?.record;
  const folder = jobFolder(tools.jobs, task);
  const blobs = new BlobUpload({
    api: tools.api,
    random: world.random,
    ask: uplink.upload,
    upstream: tools.guard.upstream,
  });
  const log = new JobLog({
    now: world.now,
    uplink: uplink.log,
    store: ({ content, ...piece }) =>
      blobs.upload({ ...piece, path: content, what: "a part of the log", isNew: true }, signal),
    folder: folder.log,
    linesBefore: record?.linesBefore ?? 0,
    earlier: record ? await readStoredPieces(folder.log) : [],
  });
  const beganAt = record?.beganAt ?? world.now();
  const phases = new Phases({ ...world, beganAt, done: record?.phases ?? [], tell: uplink.progress });
  const parked = task.adopted
    ? Promise.resolve(undefined)
    : tools.parking.claim(task.queue, task.definition, envOf({ task, tools }));
  const places = new Places(placeOf(task, tools, parked), () => tools.network.place(task.queue));
  const allowance = allowanceOf(task.definition, tools.limits);
  const jobCache = tools.jobCache === "job" ? folder.jobCache : jobCacheOf(tools.jobCaches, task.queue);
  const life: Life = { jobCache, task, tools, folder, parked, places, log, phases, beganAt, allowance };
  try {
    const finish = await finishOf(life, { blobs, uplink }, signal);
    signal.throwIfAborted();
    await uplink.finished(finish);
  } catch (error) {
    if (signal.aborted) tell({ event: "job stopped", message: messageOf(signal.reason) });
    else if (isEngineLoss(error)) tell({ event: "job given back", level: "warn", message: messageOf(error) });
    else tell({ event: "job not reported", level: "error", message: messageOf(error) });
  } finally {
    log.close();
    await cleanUp(life);
  }
}

interface Ways {
  readonly blobs: BlobUpload;
  readonly uplink: Uplink;
}

/** Runs the attempt to its end. Rejects only when it was aborted, or is given back because the engine went away. */
async function finishOf(life: Life, { blobs, uplink }: Ways, signal: AbortSignal): Promise<SpooledFinish> {
  const { task, tools, folder, log, phases } = life;
  let end: MeteredEnd | undefined;
  let image = task.adopted?.record.image;
  try {
    const prepared = task.adopted ? undefined : await prepare(life, signal);
    if (prepared) image = imageUsed(prepared.image, task.definition.image);
    const limitMs = life.allowance.durationMs;
    const note = (text: string) => log.note(text);
    const { engine, world } = tools;
    const how = {
      engine,
      limitMs,
      printed: log.printed.bind(log),
      note,
      gap: log.gap.bind(log),
      world,
      sampled: uplink.resources,
    };
    end = await phases.during("run", async () => {
      if (prepared) return await execute(life, prepared, how, signal);
      if (task.adopted) return await runAdopted(life, task.adopted, how, signal);
      throw new Error("A job is either prepared or adopted.");
    });
    log.endOutput();
    noteEnd(end, limitMs, log);
    const takeOver = () => tools.takeOver(folder.path, basename(folder.outputs));
    const progress = (told: ProgressNote) => phases.note("outputs", told);
    const outputTools = { origin: originOf(life), blobs, now: tools.world.now, note, progress, takeOver };
    const outputs = end.timedOut
      ? undefined
      : await phases.during("outputs", () => collectOutputs(folder.outputs, outputTools, signal));
    const logEnd = await log.end();
    const report = { held: task, end, outputs, limitMs, log: logEnd, phases: phases.times(), image };
    return { ...(await runFinish(report, blobs, signal)), pieces: [...logEnd.pieces] };
  } catch (error) {
    signal.throwIfAborted();
    if (isEngineLoss(error) && uplink.engineLost(messageOf(error))) throw error;
    const sentence = sentenceOf(error);
    if (!(error instanceof JobFault))
      tools.log({ event: "job failed in the agent", level: "error", message: stackOf(error) });
    log.note(sentence);
    const logEnd = await log.end();
    signal.throwIfAborted();
    const finish = errorFinish({ held: task, end, sentence, log: logEnd, phases: phases.times(), image });
    return { ...finish, pieces: [...logEnd.pieces] };
  }
}

function noteEnd({ timedOut, outOfMemory, statusCode }: RunEnd, limitMs: number, log: JobLog): void {
  if (timedOut) log.note(`\u2014 stopped at the time limit of ${limitMs / 1000} s \u2014`);
  // The engine says so also when only a child ran out and the job went on: then it is not why it ended.
  else if (outOfMemory && statusCode !== 0)
    log.note("\u2014 the job ran out of memory; requirements.memory asks for more \u2014");
}

function placeOf({ adopted, queue }: JobTask, { network }: JobTools, parked: Life["parked"]): Promise<Place> {
  if (adopted) return Promise.resolve(network.placeOf(adopted.networkMode));
  return parked.then((waiting) => waiting?.place ?? network.place(queue));
}

/** What can't be removed now is removed when the engine is back, or when the agent starts the next time. */
async function cleanUp(life: Life): Promise<void> {
  const { tools, folder } = life;
  try {
    await removeAll(life);
  } catch (error) {
    if (isEngineLoss(error)) tools.engine.leftovers.add(folder.path, () => removeAll(life));
    else tools.log({ event: "job not cleaned up", level: "warn", message: messageOf(error) });
  }
}

/** Safe to call twice. */
async function removeAll({ task, tools, folder, parked, places }: Life): Promise<void> {
  const waited = await parked;
  await waited?.remove();
  // One that became the job was the only one.
  const own = task.adopted?.container ?? containerName({ ...task, agent: tools.agent });
  if (!waited?.released) await tools.engine.remove(own);
  await places.leave();
  await removeJobFolder(folder, tools.takeOver);
  // Where preparing had not come as far as moving it.
  if (waited) await removeJobFolder(waited.folder);
}

function sentenceOf(error: unknown): string {
  if (error instanceof JobFault) return error.message;
  return `The agent could not run the job: ${isDiskFull(error) ? "its disk is full." : messageOf(error)}`;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
