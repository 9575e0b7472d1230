// What an agent says of itself: the same for its health page, its metrics and `longshore agent status`.

import type { Held } from "../wire/agentMessages.ts";
import type { AgentId, QueueHash } from "../wire/ids.ts";
import type { Count } from "./counters.ts";
import type { Capacity } from "./queue/capacity.ts";

export interface AgentStatus {
  readonly agent: AgentId;
  readonly name: string;
  readonly version: string;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly state: "serving" | "waiting" | "stopping";
  /** Why it takes no jobs now. */
  readonly note?: string;
  /** Whether the Docker engine answers. */
  readonly engine: boolean;
  readonly capacity: Capacity;
  readonly slotsUsed: number;
  readonly held: readonly (Held & { readonly queue: QueueHash; readonly since: number })[];
  /** `queue` is known from the first welcome on. */
  readonly queues: readonly { readonly queue: QueueHash | undefined; readonly connected: boolean }[];
  /** Finishes that no queue has answered yet. */
  readonly unsent: number;
  readonly counts: readonly Count[];
}
