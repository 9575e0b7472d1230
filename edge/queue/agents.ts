// The queue's side of its agents: hello, sync, leases. A sync says what the agent holds and has finished, having applied all
// attempts up to its revision; the answer is what it should hold.

import { agentIdOf } from "../../wire/agentId.ts";
import { type AgentMessage, closeRefused, closeReplaced, type Held } from "../../wire/agentMessages.ts";
import type { AgentId } from "../../wire/ids.ts";
import { hashOfKey } from "../../wire/keyedQueue.ts";
import { agentProtocol } from "../../wire/limits.ts";
import { declinedPauseMs, lossesMax } from "../limits.ts";
import { orderStart } from "./assign.ts";
import { endAsPoison, stopReasonOf, takeFinish } from "./finish.ts";
import type { JobRow } from "./jobRow.ts";
import { announceJob, attemptName, attemptNumber, readJob, writeJob } from "./jobs.ts";
import { beginPatience } from "./patience.ts";
import type { AgentSession, KnownAgent } from "./sessions.ts";
import type { Turn } from "./turn.ts";
import { announceAgents } from "./watch.ts";

type Hello = Extract<AgentMessage, { type: "hello" }>;
type Sync = Extract<AgentMessage, { type: "sync" }>;

/** Only the newest session of an agent is heard. Nothing is assigned before its first sync says what it holds. */
export function takeHello(turn: Turn, session: AgentSession, hello: Hello): void {
  const agent = agentIdOf(hello.secret);
  const refusal = refusalOf(turn, session, agent, hello);
  if (refusal) {
    turn.send(session.id, { type: "refused", ...refusal });
    turn.effect({ type: "close", session: session.id, code: closeRefused, reason: refusal.code });
    return;
  }
  const older = turn.sessions.ofAgent(agent);
  if (older && older.id !== session.id) {
    turn.sessions.remove(older.id);
    turn.effect({ type: "close", session: older.id, code: closeReplaced, reason: "replaced" });
  }
  turn.sessions.save({
    ...session,
    agent,
    boot: hello.boot,
    name: hello.name ?? "",
    version: hello.version,
    ready: false,
    heardAt: turn.now,
    offer: hello.offer,
  });
  turn.sql.all(
    `INSERT INTO agents (queue, id, boot, lease_until) VALUES (?, ?, ?, NULL)
     ON CONFLICT (queue, id) DO UPDATE SET boot = excluded.boot, lease_until = NULL`,
    turn.queue,
    agent,
    hello.boot,
  );
  turn.send(session.id, {
    type: "welcome",
    protocol: agentProtocol,
    agent,
    queue: turn.queue,
    revision: turn.state.attempt,
    origins: [...new Set([...turn.settings.origins, session.origin])].filter((origin) => origin !== ""),
  });
  announceAgents(turn);
}

function refusalOf(
  turn: Turn,
  session: AgentSession,
  agent: AgentId,
  hello: Hello,
): { code: string; error: string } | undefined {
  if (hello.protocol !== agentProtocol) {
    const error = `This server speaks agent protocol ${agentProtocol}, the agent ${hello.protocol}: update the older of the two.`;
    return { code: "protocol", error };
  }
  if (session.keyHash !== null) {
    const shown = hello.key === undefined ? undefined : hashOfKey(hello.key);
    if (shown === session.keyHash) return undefined;
    return { code: "key", error: "This queue admits only agents that show its key (--key)." };
  }
  const { admits } = turn.settings;
  if (admits === "any" || admits.includes(agent)) return undefined;
  return { code: "not-admitted", error: "This server's queues admit only its own agent (--any-agent admits others)." };
}

export function takeSync(turn: Turn, known: KnownAgent, sync: Sync): void {
  const offerChanged = sync.offer !== undefined;
  const session: KnownAgent = {
    ...known,
    ready: true,
    heardAt: turn.now,
    offer: sync.offer ?? known.offer,
    declinedUntil: sync.declined.length > 0 ? turn.now + declinedPauseMs : offerChanged ? 0 : known.declinedUntil,
  };
  turn.sessions.save(session);
  if (!known.ready || offerChanged) turn.assignable = true;
  const { slots, note } = known.offer;
  if (slots !== session.offer.slots || note !== session.offer.note) announceAgents(turn);
  const { answered } = turn.orders(session);
  for (const finish of sync.finished) answered.push(takeFinish(turn, session.agent, finish));
  for (const held of sync.declined) takeDeclined(turn, session, held);
  reconcile(turn, session, sync);
}

/** The agent has no room after all: the job goes back to its place, and nothing is counted. */
function takeDeclined(turn: Turn, session: KnownAgent, { job: id, attempt }: Held): void {
  const job = readJob(turn, id);
  if (job?.state !== "Running" || job.agent !== session.agent || job.attempt !== attemptNumber(turn, attempt)) return;
  const waiting = writeJob(turn, job, { ...job, state: "Queued", changedAt: turn.now, agent: null, startedAt: null });
  turn.assignable = true;
  announceJob(turn, waiting);
}

function reconcile(turn: Turn, session: KnownAgent, sync: Sync): void {
  const held = new Set<string>();
  const ended = new Set(sync.finished.map((finish) => finish.attempt));
  for (const { job: id, attempt } of sync.holds) {
    held.add(attempt);
    const job = readJob(turn, id);
    const current = job && job.agent === session.agent && job.attempt === attemptNumber(turn, attempt);
    if (current && job.state === "Queued") resume(turn, session, job);
    else if (!current || job.state !== "Running") {
      turn.orders(session).stop.push({ job: id, attempt, reason: stopReasonOf(job?.reason ?? null) });
    }
  }
  for (const { job } of turn.load.of(session.agent, turn)) {
    const { attempt: number, boot } = job;
    if (number === null) continue;
    const attempt = attemptName(turn, number);
    const isKnown = held.has(attempt) || ended.has(attempt);
    const isThisBoots = boot === session.boot;
    const isOnItsWay = number > sync.revision;
    if (isKnown ? isThisBoots : isOnItsWay) continue;
    // An adopted container is this boot's from now on.
    if (isKnown) writeJob(turn, job, { ...job, boot: session.boot });
    else if (isThisBoots) orderStart(turn, job, session);
    else lose(turn, job);
  }
}

/** Back within its attempt, which nobody else has been given: the loss is taken back. */
function resume(turn: Turn, session: KnownAgent, job: JobRow): void {
  const running = writeJob(turn, job, {
    ...job,
    state: "Running",
    changedAt: turn.now,
    boot: session.boot,
    losses: Math.max(0, job.losses - 1),
  });
  beginPatience(turn, running);
  announceJob(turn, running);
}

/** The job goes back in line; its attempt stays current until the next assignment. The third loss ends it. */
function lose(turn: Turn, job: JobRow): void {
  const losses = job.losses + 1;
  turn.counters.add("lost");
  turn.assignable = true;
  if (losses >= lossesMax) {
    endAsPoison(turn, job, losses);
    return;
  }
  announceJob(turn, writeJob(turn, job, { ...job, state: "Queued", changedAt: turn.now, losses, progress: null }));
}

/** The agent's lease has ended: everything it held goes back in line. */
export function expireAgent(turn: Turn, agent: AgentId): void {
  turn.sql.all("DELETE FROM agents WHERE queue = ? AND id = ?", turn.queue, agent);
  for (const { job } of turn.load.of(agent, turn)) lose(turn, job);
}

/** Its socket is gone: it has a while to come back. */
export function agentGone(turn: Turn, agent: AgentId, untilMs: number): void {
  turn.sql.all("UPDATE agents SET lease_until = ? WHERE queue = ? AND id = ?", untilMs, turn.queue, agent);
  turn.wakeBy(untilMs);
  announceAgents(turn);
}

/** What an agent reports of a running attempt; undefined when the attempt is not current or not its own. */
export function runningAttempt(turn: Turn, session: KnownAgent, { job: id, attempt }: Held): JobRow | undefined {
  const job = readJob(turn, id);
  const current =
    job?.state === "Running" && job.agent === session.agent && job.attempt === attemptNumber(turn, attempt);
  return current ? job : undefined;
}
