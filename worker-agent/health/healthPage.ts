// The health page: an agent's state as text for a person, and whether it is well. Pure.

import { shortQueue } from "../log.ts";
import { lengthText, type ShownStatus } from "../status.ts";

/** What is wrong, as sentences; none when it is well. A pause is no illness. */
export function ailmentsOf({ engine, queues }: ShownStatus): readonly string[] {
  const away = queues.filter(({ connected }) => !connected).length;
  return [
    ...(engine ? [] : ["The Docker engine does not answer."]),
    ...(away === 0 ? [] : [`${away} of ${queues.length} queues are not connected.`]),
  ];
}

export function healthPage(status: ShownStatus, now: number): string {
  return [statusText(status, now), "", "/healthz  /metrics  /status.json", ""].join("\n");
}

export function statusText(status: ShownStatus, now: number): string {
  const { agent, name, version, startedAt, state, note, capacity, slotsUsed, held, queues, unsent } = status;
  const ailments = ailmentsOf(status);
  const queueText = ({ queue, connected }: ShownStatus["queues"][number]) =>
    `${queue ? shortQueue(queue) : "unknown"} ${connected ? "connected" : "away"}`;
  return [
    `Longshore agent ${name} (${agent.slice(0, 12)}), version ${version}, up ${lengthText(now - startedAt)}`,
    "",
    `state    ${state}${note === undefined ? "" : `: ${note}`}`,
    `health   ${ailments.length === 0 ? "well" : ailments.join(" ")}`,
    `slots    ${slotsUsed} of ${capacity.slots} used`,
    `queues   ${queues.map(queueText).join(", ")}`,
    `unsent   ${unsent}`,
    ...held.map(
      ({ queue, job, since }) => `job      ${job.slice(0, 12)} of ${shortQueue(queue)} for ${lengthText(now - since)}`,
    ),
  ].join("\n");
}
