// Cancelling and deleting: both answer at once, whatever state the job is in.

import type { JobId, Namespace } from "../../wire/ids.ts";
import type { FinishedReason } from "../../wire/result.ts";
import { deleteFinished } from "./finish.ts";
import { isActive, readJob } from "./jobs.ts";
import { leaveNamespace } from "./namespaces.ts";
import type { Turn } from "./turn.ts";

export interface CancelRequest {
  readonly namespace: Namespace | "*";
  readonly reason: Extract<FinishedReason, "Cancelled" | "Deleted">;
  readonly message: string;
}

export type CancelOutcome =
  | { readonly type: "unknown" }
  | { readonly type: "finished" }
  /** The job is not wanted in that namespace: nothing changed. */
  | { readonly type: "elsewhere" }
  | { readonly type: "done" };

export function cancel(turn: Turn, id: JobId, { namespace, reason, message }: CancelRequest): CancelOutcome {
  const job = readJob(turn, id);
  if (!job) return { type: "unknown" };
  // A result that is decided and not yet shown is too late to cancel as well.
  if (!isActive(job) || job.state === "Publishing") {
    if (reason === "Deleted") deleteFinished(turn, job);
    return { type: "finished" };
  }
  return leaveNamespace(turn, job, namespace, reason, message) ? { type: "done" } : { type: "elsewhere" };
}
