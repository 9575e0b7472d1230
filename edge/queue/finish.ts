// How a job ends: decided in its row in one turn, then published. Where results are rows both are that turn; where they are
// objects, watchers see the end when the object is there.

import type { Finish, FinishAnswer, StopReason } from "../../wire/agentMessages.ts";
import { type AgentId, type JobId, own } from "../../wire/ids.ts";
import type { FinishedReason, JobResult } from "../../wire/result.ts";
import { callFinished } from "./callbacks.ts";
import type { JobRow } from "./jobRow.ts";
import { announceJob, attemptName, attemptNumber, deleteJob, jobShown, readJob, writeJob } from "./jobs.ts";
import { endLogAsItIs, endLogWithResult, logStored } from "./logEnd.ts";
import { effectDone, isOwed, owe } from "./publish.ts";
import { readResult, writeResult } from "./results.ts";
import type { StoreKind, Turn } from "./turn.ts";

/** Takes the end of an attempt from its agent. Only the current attempt can finish a job, and once. */
export function takeFinish(turn: Turn, agent: AgentId, finish: Finish): FinishAnswer {
  const { job: id, attempt } = finish;
  const number = attemptNumber(turn, attempt);
  const job = readJob(turn, id);
  if (!job || number === undefined || number !== job.attempt || job.agent !== agent || !isLive(job)) {
    if (number !== undefined && number === readResult(turn, id)?.attempt)
      return { job: id, attempt, outcome: "already" };
    return { job: id, attempt, outcome: "refused", why: "This attempt is no longer the job's current one." };
  }
  writeResult(turn, id, {
    attempt: number,
    reason: finish.reason,
    statusCode: finish.statusCode ?? null,
    finishedAt: turn.now,
    agent,
    error: finish.error ?? null,
    result: finish.result ? JSON.stringify(finish.result) : null,
    ref: finish.resultRef ?? null,
  });
  if (job.startedAt !== null) turn.counters.observe("ran", turn.now - job.startedAt);
  endLogWithResult(turn, job, finish);
  turn.assignable = true;
  publish(turn, job, {
    ...job,
    state: "Publishing",
    reason: finish.reason,
    statusCode: finish.statusCode ?? null,
    message: finish.error ?? null,
    progress: null,
  });
  return { job: id, attempt, outcome: "accepted" };
}

/** Running, or back in line while its attempt may still come back. */
export function isLive(job: JobRow): boolean {
  return job.state === "Running" || job.state === "Queued";
}

// The time of the end is that of its decision: what is stored, however often, and what watchers see say the same.
function publish(turn: Turn, before: JobRow, ended: JobRow): void {
  const decided = { ...ended, changedAt: turn.now };
  if (turn.settings.publish === "rows") show(turn, before, decided);
  else {
    const written = writeJob(turn, before, decided);
    // It had gone back into line, and its agent has come back with the end: it shows as running until that is stored.
    if (before.state === "Queued") announceJob(turn, written);
    const withDefinition = isOwed(turn, ended.id, "definition");
    if (withDefinition) effectDone(turn, ended.id, "definition");
    owe(turn, ended.id, withDefinition ? "run" : "result");
  }
}

/** Something of the job is stored as an object. With the result there, watchers see the end; with both, the definition's row goes. */
export function published(turn: Turn, id: JobId, kind: StoreKind): void {
  const job = readJob(turn, id);
  if ((kind === "result" || kind === "run") && job?.state === "Publishing") show(turn, job, job);
  if (kind === "log") logStored(turn, id);
  const isOver = job === undefined || !isLive(job);
  if (isOver && !isOwed(turn, id, "definition") && !isOwed(turn, id, "run")) {
    turn.sql.all("DELETE FROM definitions WHERE queue = ? AND job = ?", turn.queue, id);
  }
}

function show(turn: Turn, before: JobRow, job: JobRow): void {
  announceJob(turn, writeJob(turn, before, { ...job, state: "Finished" }));
  ended(turn, job, job.reason ?? "Error");
}

function ended(turn: Turn, { id, statusCode }: JobRow, reason: FinishedReason): void {
  turn.counters.add(`finished.${reason}`);
  callFinished(turn, id, { reason, statusCode, cached: false });
}

/** Ends an active job that nobody wants any more, without a result: cancelled, replaced or deleted. */
export function endWithoutResult(turn: Turn, job: JobRow, reason: FinishedReason, message: string): void {
  stopAttempt(turn, job, stopReasonOf(reason));
  endLogAsItIs(turn, job.id);
  const finished = writeJob(turn, job, {
    ...job,
    state: "Finished",
    reason,
    message,
    changedAt: turn.now,
    progress: null,
    statusCode: null,
    namespaces: [],
  });
  turn.assignable = true;
  announceJob(turn, finished);
  ended(turn, finished, reason);
}

/** Gives a job up whose agents were lost that often; unlike other ends of this kind it has a result that says so. */
export function endAsPoison(turn: Turn, job: JobRow, losses: number): void {
  const message = `The agents that ran this job were lost ${losses} times: it was given up.`;
  const result: JobResult = { logs: [[message, turn.now, true]], error: message, isTimedOut: false, outputs: {} };
  writeResult(turn, job.id, {
    attempt: job.attempt ?? 0,
    reason: "Error",
    statusCode: null,
    finishedAt: turn.now,
    agent: job.agent ?? own.agentId(""),
    error: message,
    result: JSON.stringify(result),
    ref: null,
  });
  endLogAsItIs(turn, job.id, true);
  publish(turn, job, { ...job, losses, state: "Publishing", reason: "Error", message, progress: null });
}

/** Removes a job and what it left in this queue. Clients are told that it was deleted. */
export function deleteFinished(turn: Turn, job: JobRow): void {
  turn.announce(job.id, { ...jobShown(turn, job), state: "Finished", finishedReason: "Deleted", time: turn.now });
  deleteJob(turn, job);
  callFinished(turn, job.id, { reason: "Deleted", statusCode: null, cached: false });
  if (turn.settings.publish === "objects") owe(turn, job.id, "delete");
}

function stopAttempt(turn: Turn, job: JobRow, reason: StopReason): void {
  if (job.agent !== null && job.attempt !== null) turn.stop(job.agent, job.id, attemptName(turn, job.attempt), reason);
}

/** What an agent is told of an attempt that it holds and should not. */
export function stopReasonOf(reason: FinishedReason | null): StopReason {
  switch (reason) {
    case "Cancelled":
    case "Deleted":
    case "JobReplacedByClient":
      return reason;
    case "TimedOut":
      return "Cancelled";
    case "Success":
    case "Error":
    case "WorkerLost":
    case null:
      return "Superseded";
  }
}
