// Who runs what: the queue's decision. Two lines, `_` and all named namespaces, served in turn, oldest first in each,
// among the jobs that fit; a job that fits nowhere blocks nobody.

import { type AgentId, type JobId, own } from "../../wire/ids.ts";
import { reserveAfterMs, shapesMax } from "../limits.ts";
import { canRun, type Demand, fits, parseDemand, usedBy } from "./capacity.ts";
import { announceJob, attemptName, type JobRow, readJob, writeJob } from "./jobs.ts";
import { beginAttemptLog } from "./logs.ts";
import { beginPatience } from "./patience.ts";
import type { KnownAgent } from "./sessions.ts";
import { integer, text } from "./sql.ts";
import type { Turn } from "./turn.ts";

/** Gives waiting jobs to agents until nothing more fits. */
export function assignWaiting(turn: Turn): void {
  if (turn.state.waiting === 0) return;
  const free = turn.sessions
    .agents()
    .filter((agent) => agent.ready && agent.declinedUntil <= turn.now)
    .filter((agent) => turn.load.count(agent.agent, turn) < agent.offer.slots)
    .map((agent) => ({ agent, demands: turn.load.of(agent.agent, turn).map(({ demand }) => demand) }));
  if (free.length === 0) return;
  const reserved = reservations(turn);
  while (free.length > 0) {
    free.sort((a, b) => b.agent.offer.slots - b.demands.length - (a.agent.offer.slots - a.demands.length));
    const [best] = free;
    if (!best) return;
    const job = nextFor(turn, best, reserved.get(best.agent.agent));
    if (job) {
      assign(turn, job, best.agent);
      best.demands.push(parseDemand(job.shape));
    }
    if (!job || best.demands.length >= best.agent.offer.slots) free.shift();
  }
}

interface Candidate {
  readonly agent: KnownAgent;
  readonly demands: readonly Demand[];
}

/** `reservedFor`: the one job that may still take this agent. */
function nextFor(turn: Turn, { agent, demands }: Candidate, reservedFor: JobId | undefined): JobRow | undefined {
  const used = usedBy(agent.offer, demands);
  const lines = turn.state.line === 0 ? ([0, 1] as const) : ([1, 0] as const);
  for (const line of lines) {
    const [oldest] = headsOf(turn, line)
      .filter(({ id, shape }) => (reservedFor ?? id) === id && fits(agent.offer, used, parseDemand(shape)))
      .sort((a, b) => a.seq - b.seq);
    const job = oldest && readJob(turn, oldest.id);
    if (job) {
      turn.state.line = line === 0 ? 1 : 0;
      return job;
    }
  }
  return undefined;
}

type Head = Pick<JobRow, "id" | "shape" | "seq" | "queuedAt">;

/** The oldest waiting job of each shape: one index step a shape, however many jobs wait. */
function headsOf(turn: Turn, line: 0 | 1): readonly Head[] {
  const heads: Head[] = [];
  let after: string | undefined;
  while (heads.length < shapesMax) {
    const [row] = turn.sql.all(
      `SELECT id, shape, seq, queued_at FROM jobs WHERE queue = ? AND line = ? AND state = 'Queued' AND shape ${after === undefined ? ">=" : ">"} ?
       ORDER BY shape, seq LIMIT 1`,
      turn.queue,
      line,
      after ?? "",
    );
    if (!row) break;
    after = text(row, "shape");
    const [seq, queuedAt] = [integer(row, "seq"), integer(row, "queued_at")];
    heads.push({ id: own.jobId(text(row, "id")), shape: after, seq, queuedAt });
  }
  return heads;
}

/**
 * Jobs that have waited long at the head of their line, and could run on some connected agent but never find it free enough,
 * because smaller ones keep slipping in: each keeps one agent for itself, the emptiest that could run it.
 */
function reservations(turn: Turn): ReadonlyMap<AgentId, JobId> {
  const reserved = new Map<AgentId, JobId>();
  for (const line of [0, 1] as const) {
    const [job] = [...headsOf(turn, line)].sort((a, b) => a.seq - b.seq);
    if (!job || turn.now - job.queuedAt < reserveAfterMs) continue;
    const [agent] = turn.sessions
      .agents()
      .filter((candidate) => candidate.ready && !reserved.has(candidate.agent))
      .filter((candidate) => canRun(candidate.offer, parseDemand(job.shape)))
      .map((candidate) => ({ id: candidate.agent, running: turn.load.count(candidate.agent, turn) }))
      .sort((a, b) => a.running - b.running || (a.id < b.id ? -1 : 1));
    if (agent) reserved.set(agent.id, job.id);
  }
  return reserved;
}

function assign(turn: Turn, job: JobRow, agent: KnownAgent): void {
  turn.state.attempt += 1;
  if (job.attempt === null) turn.counters.observe("waited", turn.now - job.queuedAt);
  const held = writeJob(turn, job, {
    ...job,
    state: "Running",
    changedAt: turn.now,
    startedAt: turn.now,
    agent: agent.agent,
    boot: agent.boot,
    attempt: turn.state.attempt,
    progress: null,
    logBase: beginAttemptLog(turn, job),
  });
  beginPatience(turn, held);
  orderStart(turn, held, agent);
  announceJob(turn, held);
}

/** Puts the job's definition into the agent's next frame. */
export function orderStart(turn: Turn, job: JobRow, agent: KnownAgent): void {
  const [row] = turn.sql.all("SELECT canonical FROM definitions WHERE queue = ? AND job = ?", turn.queue, job.id);
  if (!row || job.attempt === null) throw new Error(`Job ${job.id} waits without a definition or attempt.`);
  turn.orders(agent).start.push({
    job: job.id,
    attempt: attemptName(turn, job.attempt),
    canonical: text(row, "canonical"),
  });
}
