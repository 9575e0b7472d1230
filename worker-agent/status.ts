// What an agent says of itself: the same for its health page, its metrics and `longshore agent status`.

import * as v from "valibot";
import { Held } from "../wire/agentMessages.ts";
import { AgentId, QueueHash } from "../wire/ids.ts";
import type { Count } from "./counters.ts";
import type { Capacity } from "./queue/capacity.ts";

/** What people see of it. */
export const ShownStatus = v.object({
  agent: AgentId,
  name: v.string(),
  version: v.string(),
  /** Epoch ms. */
  startedAt: v.number(),
  state: v.picklist(["serving", "waiting", "stopping"]),
  /** Why it takes no jobs now. */
  note: v.optional(v.string()),
  /** Whether the Docker engine answers. */
  engine: v.boolean(),
  capacity: v.object({ slots: v.number() }),
  slotsUsed: v.number(),
  held: v.pipe(v.array(v.object({ ...Held.entries, queue: QueueHash, since: v.number() })), v.readonly()),
  /** `queue` is known from the first welcome on. */
  queues: v.pipe(v.array(v.object({ queue: v.optional(QueueHash), connected: v.boolean() })), v.readonly()),
  /** Finishes that no queue has answered yet. */
  unsent: v.number(),
});
export type ShownStatus = v.InferOutput<typeof ShownStatus>;

export interface AgentStatus extends ShownStatus {
  readonly capacity: Capacity;
  readonly counts: readonly Count[];
}

/** A length of time for a person. */
export function lengthText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
