// What the page has asked of a queue and when that counts as answered. Nothing on the wire acknowledges a frame, so the
// job's own state is the answer.

import type { Job } from "../../wire/job.ts";

export interface Asked {
  readonly kind: "run" | "again" | "stop";
  /** Sent at once, and again after a reconnect for as long as there is no answer. Each may arrive twice. */
  readonly frames: readonly string[];
  readonly at: number;
  /** The `queuedTime` of the run that was known before. */
  readonly before: number | undefined;
}

/** `job` is what a frame said of it; a snapshot is a whole list, an update is sent because something happened. */
export function isAnswered(asked: Asked, job: Job | undefined, isSnapshot: boolean): boolean {
  if (asked.kind === "stop") return job ? job.state === "Finished" || job.state === "Removed" : isSnapshot;
  if (!job || job.finishedReason === "Deleted" || job.state === "Removed") return false;
  if (job.queuedTime !== asked.before) return true;
  if (asked.kind === "again") return false;
  // An identical submission joins what is there, or is answered from it.
  return !isSnapshot || job.state !== "Finished" || job.finishedReason === "Success";
}
