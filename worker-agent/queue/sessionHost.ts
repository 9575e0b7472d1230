// What a session asks of its agent.

import type { FinishAnswer, Held, Offer, Start, StopReason } from "../../wire/agentMessages.ts";
import type { QueueHash } from "../../wire/ids.ts";
import type { SpooledFinish } from "./spool.ts";

/** What a welcome says of the queue. */
export interface Welcome {
  readonly queue: QueueHash;
  readonly origins: readonly string[];
}

/** The agent, as its sessions see it. */
export interface SessionHost {
  offer(queue: QueueHash | undefined): Offer;
  holds(queue: QueueHash): readonly Held[];
  finishes(queue: QueueHash): readonly SpooledFinish[];
  /** Why the attempt can't be taken, or nothing when it is held or finished now. */
  start(welcome: Welcome, start: Start): string | undefined;
  stop(queue: QueueHash, held: Held, reason: StopReason): void;
  answered(queue: QueueHash, answer: FinishAnswer): void;
}
