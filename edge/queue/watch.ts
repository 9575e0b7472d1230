// What clients see on their sockets: a snapshot at connect, then what changes.

import type { AgentMessage } from "../../wire/agentMessages.ts";
import type { ClientMessage } from "../../wire/clientMessages.ts";
import type { JobId } from "../../wire/ids.ts";
import type { Job, WorkerRegistration } from "../../wire/job.ts";
import type { JobResult } from "../../wire/result.ts";
import type { FinishedJob } from "../deployment.ts";
import { snapshotFinishedMax, snapshotJobsPerFrame, watchedJobsMax } from "../limits.ts";
import { isLive } from "./finish.ts";
import type { JobRow } from "./jobRow.ts";
import { jobShown, readJob } from "./jobs.ts";
import { listedJobs } from "./listing.ts";
import { readHead } from "./logHead.ts";
import { sendLogs } from "./logView.ts";
import { finishedOf, readResult, type StoredResult } from "./results.ts";
import type { ClientSession, KnownAgent } from "./sessions.ts";
import type { Turn } from "./turn.ts";

/** `Workers`, then `JobStates`; a long queue is continued by updates. */
export function greet(turn: Turn, session: string): void {
  turn.send(session, { type: "Workers", payload: { workers: workers(turn) } });
  sendSnapshot(turn, session);
}

export function sendSnapshot(turn: Turn, session: string): void {
  let isFirst = true;
  let jobs: (readonly [string, Job])[] = [];
  const send = () => {
    const payload = { state: { jobs: Object.fromEntries(jobs) }, isSubset: !isFirst };
    turn.send(session, { type: isFirst ? "JobStates" : "JobStateUpdates", payload });
    isFirst = false;
    jobs = [];
  };
  for (const job of listedJobs(turn, snapshotFinishedMax)) {
    jobs.push(job);
    if (jobs.length === snapshotJobsPerFrame) send();
  }
  if (isFirst || jobs.length > 0) send();
}

/** Answers one client about one job, and lets it watch that job's log. An unknown job is an empty update. */
export function answerQuery(
  turn: Turn,
  session: ClientSession,
  { jobId }: Extract<ClientMessage, { type: "QueryJob" }>["payload"],
): void {
  watch(turn, session, jobId);
  const job = shownById(turn, jobId);
  const jobs: Record<string, Job> = job ? { [jobId]: job } : {};
  turn.send(session.id, { type: "JobStateUpdates", payload: { state: { jobs }, isSubset: true } });
  if (job && job.state !== "Finished") sendLogs(turn, session.id, jobId);
}

export function watch(turn: Turn, session: ClientSession, job: JobId): void {
  if (session.watched.at(-1) === job) return;
  const watched = [...session.watched.filter((other) => other !== job), job].slice(-watchedJobsMax);
  turn.sessions.save({ ...session, watched });
}

/** What a running job uses, to the sockets that watch it; who only follows its log has no use for it. It changes no row. */
export function passResources(
  turn: Turn,
  jobId: JobId,
  { limits, samples }: Extract<AgentMessage, { type: "resources" }>,
): void {
  for (const { id, sees } of turn.sessions.watchersOf(jobId))
    if (sees === "queue") turn.send(id, { type: "JobResources", payload: { jobId, limits, samples } });
}

/** A job of this queue as clients are shown it: from its row, else from its stored result once the row has left the list. */
export function shownById(turn: Turn, id: JobId): Job | undefined {
  const row = readJob(turn, id);
  if (row) return jobShown(turn, row);
  const stored = readResult(turn, id);
  return stored && shownByResult(stored);
}

function shownByResult(stored: StoredResult): Job {
  return {
    queuedTime: stored.finishedAt,
    state: "Finished",
    time: stored.finishedAt,
    worker: stored.agent,
    finishedReason: stored.reason,
    ...(stored.statusCode === null ? {} : { statusCode: stored.statusCode }),
  };
}

/** The job with its `finished` part, as result.json has it; undefined while watchers have not been shown its end. */
export function finishedById(turn: Turn, id: JobId): FinishedJob | undefined {
  const row = readJob(turn, id);
  return row && row.state !== "Finished" ? undefined : decidedById(turn, id);
}

/** The same from the moment in which its end is decided: what the store is given. */
export function decidedById(turn: Turn, id: JobId): FinishedJob | undefined {
  const row = readJob(turn, id);
  if (row && isLive(row)) return undefined;
  // A later run that ended without a result leaves the earlier run's, which is no part of how this one ended.
  if (!row?.reason || isOfRun(readResult(turn, id), row)) return storedById(turn, id);
  const { reason, changedAt: time, message } = row;
  const result = reason === "TimedOut" ? { result: timedOut(message ?? "", time) } : {};
  const finished = { type: "Finished", reason, time, ...(message === null ? {} : { message }), ...result } as const;
  return { job: { ...jobShown(turn, row), finished }, ref: null, log: readHead(turn, id) !== undefined };
}

/** The newest stored result, whatever has become of the job since: what the unscoped routes show. */
export function storedById(turn: Turn, id: JobId): FinishedJob | undefined {
  const stored = readResult(turn, id);
  if (!stored) return undefined;
  const row = readJob(turn, id);
  const shown =
    row && isOfRun(stored, row) ? jobShown(turn, { ...row, state: "Finished" as const }) : shownByResult(stored);
  return {
    job: { ...shown, finished: finishedOf(stored) },
    ref: stored.ref,
    log: readHead(turn, id) !== undefined,
  };
}

/** Whoever gets this reason looks for a result. */
function timedOut(error: string, time: number): JobResult {
  return { logs: [[error, time, true]], error, isTimedOut: true, outputs: {} };
}

function isOfRun(stored: StoredResult | undefined, row: JobRow): boolean {
  return stored !== undefined && stored.attempt === row.attempt && stored.reason === row.reason;
}

export function announceAgents(turn: Turn): void {
  const clients = turn.sessions.audience();
  if (clients.length > 0)
    turn.sendText(clients, JSON.stringify({ type: "Workers", payload: { workers: workers(turn) } }));
}

export function workers(turn: Turn): WorkerRegistration[] {
  return turn.sessions.agents().map((agent) => registration(agent));
}

function registration(agent: KnownAgent): WorkerRegistration {
  return {
    time: agent.openedAt,
    version: agent.version,
    id: agent.agent,
    cpus: agent.offer.slots,
    gpus: agent.offer.gpus,
    maxJobDuration: `${Math.round(agent.offer.maxDurationMs / 1000)}s`,
    ...(agent.name ? { name: agent.name } : {}),
    ...(agent.offer.note === undefined ? {} : { note: agent.offer.note }),
  };
}
