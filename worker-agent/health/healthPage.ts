// The health page: an agent's state as text for a person, and whether it is well. Pure.

import { shortQueue } from "../log.ts";
import type { AgentStatus } from "../status.ts";

/** What is wrong, as sentences; none when it is well. A pause is no illness. */
export function ailmentsOf({ engine, queues }: AgentStatus): readonly string[] {
  const away = queues.filter(({ connected }) => !connected).length;
  return [
    ...(engine ? [] : ["The Docker engine does not answer."]),
    ...(away === 0 ? [] : [`${away} of ${queues.length} queues are not connected.`]),
  ];
}

export function healthPage(status: AgentStatus, now: number): string {
  const { agent, name, version, startedAt, state, note, capacity, slotsUsed, held, queues, unsent } = status;
  const ailments = ailmentsOf(status);
  return [
    `Longshore agent ${name} (${agent.slice(0, 12)}), version ${version}, up ${seconds(now - startedAt)}`,
    "",
    `state    ${state}${note === undefined ? "" : `: ${note}`}`,
    `health   ${ailments.length === 0 ? "well" : ailments.join(" ")}`,
    `slots    ${slotsUsed} of ${capacity.slots} used`,
    `queues   ${queues.map(({ queue, connected }) => `${queue ? shortQueue(queue) : "unknown"} ${connected ? "connected" : "away"}`).join(", ")}`,
    `unsent   ${unsent}`,
    ...held.map(
      ({ queue, job, since }) => `job      ${job.slice(0, 12)} of ${shortQueue(queue)} for ${seconds(now - since)}`,
    ),
    "",
    "/healthz  /metrics  /status.json",
    "",
  ].join("\n");
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}
