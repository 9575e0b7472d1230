// Who runs what: the queue's decision. Two lines, `_` and all named namespaces, served in turn, oldest first in each,
// among the jobs that fit; a job that fits nowhere blocks nobody.

import type { AgentId, JobId } from "../../wire/ids.ts";
import { reserveAfterMs } from "../limits.ts";
import { canRun, type Demand, fits, parseDemand, usedBy } from "./capacity.ts";
import type { JobRow } from "./jobRow.ts";
import { announceJob, attemptName, writeJob } from "./jobs.ts";
import { beginAttemptLog } from "./logs.ts";
import { beginPatience } from "./patience.ts";
import type { KnownAgent } from "./sessions.ts";
import { text } from "./sql.ts";
import type { Turn } from "./turn.ts";
import { WaitingLines } from "./waiting.ts";

/** Gives waiting jobs to agents until nothing more fits. */
export function assignWaiting(turn: Turn): void {
  if (turn.state.waiting === 0) return;
  const free = turn.sessions
    .agents()
    .filter((agent) => agent.ready && agent.declinedUntil <= turn.now)
    .filter((agent) => turn.load.count(agent.agent, turn) < agent.offer.slots)
    .map((agent) => ({ agent, demands: turn.load.of(agent.agent, turn).map(({ demand }) => demand) }));
  if (free.length === 0) return;
  const slots = free.reduce((sum, { agent, demands }) => sum + agent.offer.slots - demands.length, 0);
  const lines = new WaitingLines(turn, slots);
  const reserved = reservations(turn, lines);
  while (free.length > 0) {
    free.sort((a, b) => b.agent.offer.slots - b.demands.length - (a.agent.offer.slots - a.demands.length));
    const [best] = free;
    if (!best) return;
    const job = nextFor(turn, lines, best, reserved.get(best.agent.agent));
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

/** Takes the job out of its line. `reservedFor`: the one job that may still take this agent. */
function nextFor(
  turn: Turn,
  lines: WaitingLines,
  { agent, demands }: Candidate,
  reservedFor: JobId | undefined,
): JobRow | undefined {
  const used = usedBy(agent.offer, demands);
  for (const line of turn.state.line === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
    const [oldest] = lines
      .heads(line)
      .filter(({ id, shape }) => (reservedFor ?? id) === id && fits(agent.offer, used, parseDemand(shape)))
      .sort((a, b) => a.seq - b.seq);
    if (!oldest) continue;
    turn.state.line = line === 0 ? 1 : 0;
    lines.take(line, oldest);
    return oldest;
  }
  return undefined;
}

/**
 * Jobs that have waited long at the head of their line, and could run on some connected agent but never find it free enough,
 * because smaller ones keep slipping in: each keeps one agent for itself, the emptiest that could run it.
 */
function reservations(turn: Turn, lines: WaitingLines): ReadonlyMap<AgentId, JobId> {
  const reserved = new Map<AgentId, JobId>();
  for (const line of [0, 1] as const) {
    const [job] = [...lines.heads(line)].sort((a, b) => a.seq - b.seq);
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
  const attempt = attemptName(turn, job.attempt);
  turn.orders(agent).start.set(attempt, { job: job.id, attempt, canonical: text(row, "canonical") });
}
