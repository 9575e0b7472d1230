// Many jobs at once: the list, the status, the numbers. Whatever a job's row does not say is read for all of them together.

import type { HistoryEntry } from "../../wire/http.ts";
import { type JobId, own } from "../../wire/ids.ts";
import type { QueueMetrics, StatusJob } from "../deployment.ts";
import { canRun, parseDemand } from "./capacity.ts";
import { type JobRow, jobOfRow } from "./jobRow.ts";
import { jobShown, readJob, waitingReason } from "./jobs.ts";
import { readResult } from "./results.ts";
import { text } from "./sql.ts";
import type { Turn } from "./turn.ts";

/** Active jobs and the most recent finished ones, but for those that were cancelled, replaced or deleted. */
export function* listedJobs(turn: Turn, finishedMax: number): Generator<readonly [JobId, StatusJob]> {
  const waiting = cached((shape: string) => waitingReason(turn, shape));
  const show = (job: JobRow) => [job.id, jobShown(turn, job, (_, shape) => waiting(shape))] as const;
  const active = "SELECT * FROM jobs WHERE queue = ? AND state <> 'Finished' ORDER BY seq";
  for (const row of turn.sql.each(active, turn.queue)) yield show(jobOfRow(row));
  const finished = `SELECT * FROM jobs WHERE queue = ? AND state = 'Finished' AND reason IN ('Success', 'Error', 'TimedOut')
     ORDER BY changed_at DESC LIMIT ?`;
  for (const row of turn.sql.each(finished, turn.queue, finishedMax)) yield show(jobOfRow(row));
}

/** The place in line of each waiting job that a connected agent could run, from 1: the others are in nobody's way. */
export function placesInLine(turn: Turn): ReadonlyMap<JobId, number> {
  const agents = turn.sessions.agents();
  const runnable = cached((shape: string) => agents.some(({ offer }) => canRun(offer, parseDemand(shape))));
  const taken = new Map<unknown, number>();
  const places = new Map<JobId, number>();
  const rows = turn.sql.all(
    "SELECT id, line, shape FROM jobs WHERE queue = ? AND state = 'Queued' ORDER BY seq",
    turn.queue,
  );
  for (const row of rows) {
    if (agents.length > 0 && !runnable(text(row, "shape"))) continue;
    const place = (taken.get(row.line) ?? 0) + 1;
    taken.set(row.line, place);
    places.set(own.jobId(text(row, "id")), place);
  }
  return places;
}

/** The newest run as far as its rows tell. */
export function historyOf(turn: Turn, id: JobId): readonly HistoryEntry[] {
  const job = readJob(turn, id);
  if (!job) {
    const stored = readResult(turn, id);
    return stored ? [{ state: "Finished", time: stored.finishedAt, worker: stored.agent, reason: stored.reason }] : [];
  }
  const worker = job.agent === null ? {} : { worker: job.agent };
  const entries: HistoryEntry[] = [{ state: "Queued", time: job.queuedAt }];
  if (job.startedAt !== null) entries.push({ state: "Running", time: job.startedAt, ...worker });
  if (job.state === "Queued" && job.startedAt !== null) entries.push({ state: "Queued", time: job.changedAt });
  if (job.state !== "Finished" || !job.reason) return entries;
  const end: HistoryEntry = { state: "Finished", time: job.changedAt, ...worker, reason: job.reason };
  // An earlier run's result answered: there was nothing to wait for.
  return job.changedAt < job.queuedAt ? [end] : [...entries, end];
}

export function metricsOf(turn: Turn): QueueMetrics {
  const agents = turn.sessions.agents();
  const { waiting, running, finished, calls } = turn.state;
  return {
    queued: waiting,
    running,
    finished,
    agents: agents.length,
    slots: agents.reduce((sum, { offer }) => sum + offer.slots, 0),
    slotsUsed: running,
    clients: turn.sessions.clients().length,
    webhooks: calls,
    counters: turn.counters.values(),
  };
}

function cached<T>(make: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make(key);
    known.set(key, made);
    return made;
  };
}
