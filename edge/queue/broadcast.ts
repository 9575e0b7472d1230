// What all clients of a queue are told: at once while that is fewer than twenty frames a second, beyond that four times a
// second with the newest state of each job. Kept in memory: sockets do not outlive what is lost here by more than an alarm.

import type { JobId } from "../../wire/ids.ts";
import type { Job } from "../../wire/job.ts";
import { broadcastEveryMs, broadcastFramesPerSecond } from "../limits.ts";

export class Broadcast {
  /** When the last frames left, oldest first. */
  readonly #sent: number[] = [];
  #pending = new Map<JobId, Job>();
  #flushAt: number | null = null;

  /** When held-back states must leave. */
  get flushAt(): number | null {
    return this.#flushAt;
  }

  /** The frames that leave now, of these changes and of what was held back. */
  take(now: number, changes: readonly ReadonlyMap<JobId, Job>[]): readonly ReadonlyMap<JobId, Job>[] {
    const frames: ReadonlyMap<JobId, Job>[] = [];
    for (const change of changes) {
      if (this.#flushAt === null && this.#mayLeave(now)) frames.push(change);
      else this.#hold(now, change);
    }
    if (this.#flushAt !== null && this.#flushAt <= now) {
      frames.push(this.#pending);
      this.#sent.push(now);
      this.#pending = new Map();
      this.#flushAt = null;
    }
    return frames;
  }

  #mayLeave(now: number): boolean {
    while (this.#sent.length > 0 && (this.#sent[0] ?? now) <= now - 1000) this.#sent.shift();
    if (this.#sent.length >= broadcastFramesPerSecond) return false;
    this.#sent.push(now);
    return true;
  }

  #hold(now: number, change: ReadonlyMap<JobId, Job>): void {
    for (const [id, job] of change) {
      // Taken out first: a map keeps the place of a key that it has.
      this.#pending.delete(id);
      this.#pending.set(id, job);
    }
    this.#flushAt ??= now + broadcastEveryMs;
  }
}
