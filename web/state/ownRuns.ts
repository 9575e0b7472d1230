// Which of a queue's runs this browser has asked for, also before a reload: those are stopped without a question.

import { effect } from "@preact/signals";
import type { Job } from "../../wire/job.ts";
import { ownRunsKeptMax } from "../limits.ts";
import type { Queue } from "../queue/queue.ts";
import type { KeyValues } from "./browser.ts";
import { createRemembered } from "./remembered.ts";

export interface OwnRuns {
  /** To be called with each submission. */
  asked(id: string): void;
  isOwn(id: string, job: Job): boolean;
}

export function createOwnRuns(queue: Pick<Queue, "jobs" | "asked">, storage: KeyValues): OwnRuns {
  const runs = createRemembered(storage, "longshore.own", ownRunsKeptMax);
  const unanswered = new Set<string>();
  // Somebody may run the same job later: a run is known by when it was queued, which the queue answers with.
  const keyOf = (id: string, { queuedTime }: Job) => `${id} ${queuedTime}`;
  effect(() => {
    const jobs = queue.jobs.value;
    const asked = queue.asked.value;
    for (const id of unanswered) {
      const job = jobs.get(id);
      if (!job || asked.has(id)) continue;
      unanswered.delete(id);
      if (job.state !== "Finished") runs.add(keyOf(id, job));
    }
  });
  return {
    asked: (id) => void unanswered.add(id),
    isOwn: (id, job) => unanswered.has(id) || runs.has(keyOf(id, job)),
  };
}
