// Everything that happens because time has passed. Every turn settles what is due first; the one alarm only makes sure that
// a turn comes.

import { own } from "../../wire/ids.ts";
import { gapMs } from "../limits.ts";
import { agentGone, expireAgent } from "./agents.ts";
import { nextCallAt } from "./callbacks.ts";
import { settleReplaced } from "./namespaces.ts";
import { settlePatience } from "./patience.ts";
import { settleEffects } from "./publish.ts";
import { sweep } from "./retention.ts";
import { integerOrNull, text } from "./sql.ts";
import type { Turn } from "./turn.ts";

export function settleDue(turn: Turn, isNew: boolean): void {
  const { state, now } = turn;
  if (isNew) {
    forgetLostSockets(turn);
    grantGrace(turn);
  } else {
    // The alarm is armed for the earliest deadline of all: before it, nothing is due.
    if (state.wakeAt === null || state.wakeAt > now) return;
    if (now > state.wakeAt + gapMs) grantGrace(turn);
  }
  expireLeases(turn);
  settleReplaced(turn);
  settlePatience(turn);
  settleEffects(turn, "due");
  if (turn.sessions.agents().some((agent) => agent.declinedUntil > 0 && agent.declinedUntil <= now))
    turn.assignable = true;
  if (state.sweepAt !== null && state.sweepAt <= now) sweep(turn);
}

/** The queue itself did not run: nobody could renew a lease, so nobody loses one for it. */
function grantGrace(turn: Turn): void {
  const until = turn.now + turn.settings.graceMs;
  for (const agent of turn.sessions.agents()) {
    turn.sessions.save({ ...agent, heardAt: until - turn.settings.leaseMs });
  }
  turn.sql.all("UPDATE agents SET lease_until = ? WHERE queue = ? AND lease_until IS NOT NULL", until, turn.queue);
  turn.wakeBy(until);
}

/** After a start: agents whose sockets went with the last process get the grace time to come back. */
function forgetLostSockets(turn: Turn): void {
  const rows = turn.sql.all("SELECT id FROM agents WHERE queue = ? AND lease_until IS NULL", turn.queue);
  for (const row of rows) {
    const agent = own.agentId(text(row, "id"));
    if (!turn.sessions.ofAgent(agent)) agentGone(turn, agent, turn.now + turn.settings.graceMs);
  }
}

function expireLeases(turn: Turn): void {
  const rows = turn.sql.all("SELECT id FROM agents WHERE queue = ? AND lease_until <= ?", turn.queue, turn.now);
  for (const row of rows) expireAgent(turn, own.agentId(text(row, "id")));
  for (const session of turn.sessions.agents()) {
    if (session.heardAt + turn.settings.leaseMs > turn.now) continue;
    turn.sessions.remove(session.id);
    turn.effect({ type: "close", session: session.id, code: 4008, reason: "lease ended" });
    expireAgent(turn, session.agent);
  }
}

/** Arms the alarm if it must come earlier than it is armed for. One that comes early finds nothing due and arms the next. */
export function arm(turn: Turn): void {
  const { state, now } = turn;
  const armed = state.wakeAt !== null && state.wakeAt > now ? state.wakeAt : Infinity;
  // While it is armed, only what this turn wrote can come earlier.
  const inRows = armed === Infinity ? deadlinesInRows(turn) : [turn.soonest];
  const next = Math.min(armed, ...[...deadlinesInMemory(turn), ...inRows].filter((at) => at > now));
  state.wakeAt = next === Infinity ? null : next;
  if (next < armed) turn.effect({ type: "wake", at: next });
}

function deadlinesInMemory({ sessions, settings, state, broadcast }: Turn): readonly number[] {
  const agents = sessions.agents();
  return [
    ...agents.map((agent) => agent.heardAt + settings.leaseMs),
    ...(state.waiting > 0 ? agents.map((agent) => agent.declinedUntil) : []),
    state.sweepAt ?? Infinity,
    broadcast.flushAt ?? Infinity,
  ];
}

function deadlinesInRows(turn: Turn): readonly number[] {
  const earliest = (statement: string) => {
    const [row] = turn.sql.all(statement, turn.queue);
    return (row && integerOrNull(row, "at")) ?? Infinity;
  };
  return [
    earliest("SELECT min(lease_until) AS at FROM agents WHERE queue = ?"),
    earliest("SELECT min(ends_at) AS at FROM namespaces WHERE queue = ? AND ends_at IS NOT NULL"),
    earliest("SELECT min(patient_until) AS at FROM namespaces WHERE queue = ? AND patient_until IS NOT NULL"),
    earliest("SELECT min(due) AS at FROM effects WHERE queue = ?"),
    nextCallAt(turn) ?? Infinity,
  ];
}
