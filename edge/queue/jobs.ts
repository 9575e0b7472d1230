// A job: reading and writing its row, and what clients are shown of it.

import * as v from "valibot";
import { type Attempt, type JobId, own } from "../../wire/ids.ts";
import { type Job, Progress } from "../../wire/job.ts";
import { canRun, parseDemand } from "./capacity.ts";
import { keepInStep } from "./jobChange.ts";
import { insertRow, type JobRow, jobOfRow, updateRow } from "./jobRow.ts";
import { dropLog } from "./logEnd.ts";
import type { Turn } from "./turn.ts";

export function readJob(turn: Turn, id: JobId): JobRow | undefined {
  const known = turn.load.row(id);
  if (known) return known;
  const [row] = turn.sql.all("SELECT * FROM jobs WHERE queue = ? AND id = ?", turn.queue, id);
  return row && jobOfRow(row);
}

/** Writes what is new in the row, and keeps in step what follows from it. `before` is the row as it is, if there is one. */
export function writeJob(turn: Turn, before: JobRow | undefined, job: JobRow): JobRow {
  if (before) updateRow(turn, before, job);
  else insertRow(turn, job);
  keepInStep(turn, before, job);
  return job;
}

/** A finished job leaves the list; its result and its log stay. */
export function unlist(turn: Turn, id: JobId): void {
  turn.sql.all("DELETE FROM jobs WHERE queue = ? AND id = ?", turn.queue, id);
  turn.state.finished -= 1;
}

/** Nothing of the job stays in this queue. */
export function deleteJob(turn: Turn, job: JobRow): void {
  turn.sql.all("DELETE FROM jobs WHERE queue = ? AND id = ?", turn.queue, job.id);
  keepInStep(turn, job, undefined);
  dropLog(turn, job.id);
  for (const table of ["definitions", "results"]) {
    turn.sql.all(`DELETE FROM ${table} WHERE queue = ? AND job = ?`, turn.queue, job.id);
  }
}

export function isActive(job: JobRow): boolean {
  return job.state !== "Finished";
}

export function attemptName(turn: Turn, attempt: number): Attempt {
  return own.attempt(`${turn.state.epoch}.${attempt}`);
}

/** The number of an attempt of this queue's epoch; undefined for any other. */
export function attemptNumber(turn: Turn, attempt: Attempt): number | undefined {
  const [epoch, number] = attempt.split(".");
  return epoch === turn.state.epoch ? Number(number) : undefined;
}

/** What clients are shown. A job whose result is decided but not yet stored still shows as running. */
export function jobShown(turn: Turn, job: JobRow, whyWaiting = waitingReason): Job {
  const { namespaces } = job;
  const { cpus, gpus, memory, tags } = parseDemand(job.shape);
  const requirements = {
    ...(cpus > 0 ? { cpus } : {}),
    ...(gpus > 0 ? { gpus } : {}),
    ...(memory > 0 ? { memory: `${memory}b` } : {}),
  };
  return {
    queuedTime: job.queuedAt,
    state: job.state === "Publishing" ? "Running" : job.state,
    time: job.changedAt,
    worker: job.state === "Queued" ? "" : (job.agent ?? ""),
    ...(job.debug ? { debug: true } : {}),
    ...(namespaces.length > 0 ? { namespaces: [...namespaces] } : {}),
    ...(Object.keys(requirements).length > 0 ? { requirements } : {}),
    ...(tags.length > 0 ? { tags: [...tags] } : {}),
    ...(job.state === "Finished" && job.reason ? { finishedReason: job.reason } : {}),
    ...(job.state === "Finished" && job.statusCode !== null ? { statusCode: job.statusCode } : {}),
    ...(job.state === "Running" && job.progress ? { progress: v.parse(Progress, JSON.parse(job.progress)) } : {}),
    ...(job.state === "Queued" ? { waiting: whyWaiting(turn, job.shape) } : {}),
  };
}

/** Tells the queue's clients of the job's state; returns what they are shown. */
export function announceJob(turn: Turn, job: JobRow): Job {
  const shown = jobShown(turn, job);
  turn.announce(job.id, shown);
  return shown;
}

/** Why a queued job of this shape waits, as a sentence for a person. */
export function waitingReason(turn: Turn, shape: string): string {
  const agents = turn.sessions.agents();
  if (agents.length === 0) return "No agent is connected to this queue.";
  if (agents.every(({ offer }) => offer.slots === 0)) {
    const note = agents.find(({ offer }) => offer.note !== undefined)?.offer.note;
    return note === undefined ? "Every agent is busy with other queues." : `No agent takes jobs now: ${note}`;
  }
  const demand = parseDemand(shape);
  if (agents.some((agent) => canRun(agent.offer, demand))) return "Waiting for a free slot.";
  const wants = [
    ...(demand.gpus > 0 ? [`${demand.gpus} GPU${demand.gpus > 1 ? "s" : ""}`] : []),
    ...(demand.cpus > 0 ? [`${demand.cpus} CPUs`] : []),
    ...(demand.memory > 0 ? [`${Math.ceil(demand.memory / 1024 ** 2)} MiB of memory`] : []),
    ...demand.tags.map((tag) => `the tag ${tag}`),
  ];
  return `No connected agent offers ${wants.join(", ")}.`;
}
