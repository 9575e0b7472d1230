// A client that watches a queue: what it was told, put together, must be what the queue would list.

import * as v from "valibot";
import { ServerMessage } from "../../wire/clientMessages.ts";
import type { JobId } from "../../wire/ids.ts";
import type { Job } from "../../wire/job.ts";

/** Ends that are announced and not listed. */
const unlisted = ["Cancelled", "JobReplacedByClient", "Deleted"];

export class Watcher {
  readonly session: string;
  readonly #view = new Map<string, Job>();

  constructor(session: string) {
    this.session = session;
  }

  receive(frame: unknown): void {
    const message = v.parse(ServerMessage, frame);
    if (message.type === "JobStates") this.#view.clear();
    if (message.type !== "JobStates" && message.type !== "JobStateUpdates") return;
    for (const [id, job] of Object.entries(message.payload.state.jobs)) this.#view.set(id, job);
  }

  check(listed: readonly (readonly [JobId, Job])[]): void {
    const left = new Map(this.#view);
    for (const [id, job] of listed) {
      const seen = left.get(id);
      left.delete(id);
      // A client that came later is shown only the most recent ends.
      if (seen === undefined && job.state === "Finished") continue;
      if (seen === undefined || shown(seen) !== shown(job)) {
        throw new Error(`a client sees ${id} as ${seen && shown(seen)}, it is ${shown(job)}`);
      }
    }
    for (const [id, { state, finishedReason = "" }] of left) {
      if (state !== "Finished") throw new Error(`a client sees ${id} as ${state}, it is not listed`);
      // Those that were listed once may have left the list.
      if (!unlisted.includes(finishedReason)) this.#view.delete(id);
    }
  }
}

function shown({ state, finishedReason, time, worker, namespaces }: Job): string {
  // The time of an end that is decided and not yet shown is already that of its decision.
  return JSON.stringify([state, finishedReason, state === "Running" ? 0 : time, worker, namespaces]);
}
