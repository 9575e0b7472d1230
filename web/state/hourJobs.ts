// All jobs that a queue lists, read once when its panel opens: what is announced on a socket begins with fewer finished ones.

import { type ReadonlySignal, signal } from "@preact/signals";
import * as v from "valibot";
import { JobList, paths } from "../../wire/http.ts";
import type { Job } from "../../wire/job.ts";
import { requestTimeoutMs } from "../limits.ts";
import type { QueueTarget } from "../url/target.ts";
import type { Browser } from "./browser.ts";

export interface HourJobs {
  /** Undefined until the server has answered. */
  readonly listed: ReadonlySignal<ReadonlyMap<string, Job> | undefined>;
  /** The returned function ends it. */
  read(target: QueueTarget): () => void;
}

export function createHourJobs({ fetch }: Pick<Browser, "fetch">): HourJobs {
  const listed = signal<ReadonlyMap<string, Job> | undefined>(undefined);
  const load = async (target: QueueTarget, stop: AbortSignal) => {
    try {
      const limited = AbortSignal.any([stop, AbortSignal.timeout(requestTimeoutMs)]);
      const response = await fetch(target.api + paths.queue(target.queue), { signal: limited });
      const parsed = v.safeParse(JobList, await response.json());
      if (!stop.aborted && parsed.success) listed.value = new Map(Object.entries(parsed.output.data));
    } catch {
      // The chart then covers what the socket announced, and says so.
    }
  };
  return {
    listed,
    read(target) {
      const stop = new AbortController();
      listed.value = undefined;
      void load(target, stop.signal);
      return () => stop.abort();
    },
  };
}
