// Results of finished runs, fetched once and kept in memory.

import { type ReadonlySignal, signal } from "@preact/signals";
import * as v from "valibot";
import { paths, ResultAnswer } from "../../wire/http.ts";
import type { JobId } from "../../wire/ids.ts";
import type { Job } from "../../wire/job.ts";
import type { Finished } from "../../wire/result.ts";
import { retryDelayMs } from "../clock.ts";
import {
  reconnectDelayMsFirst,
  requestTimeoutMs,
  resultAttemptsMax,
  resultRetryMsMax,
  resultsKeptMax,
} from "../limits.ts";
import type { QueueTarget } from "../url/target.ts";
import type { Browser } from "./browser.ts";

export type ResultState =
  | { readonly kind: "loading" }
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "ready"; readonly finished: Finished };

export interface Results {
  readonly byRun: ReadonlySignal<ReadonlyMap<string, ResultState>>;
  /** Makes a finished job's result available under its run. Cheap when it is already there. */
  need(target: QueueTarget, id: JobId, job: Job): void;
}

/** One finished run of a job: running it again gives another, an answer from its stored result is the same. */
export function runOf(id: string, job: Pick<Job, "time">): string {
  return `${id} ${job.time}`;
}

export function createResults(browser: Pick<Browser, "fetch" | "clock" | "random">): Results {
  const byRun = signal<ReadonlyMap<string, ResultState>>(new Map());
  const put = (run: string, state: ResultState) => {
    const all = [...byRun.peek()].filter(([other]) => other !== run).slice(1 - resultsKeptMax);
    byRun.value = new Map([...all, [run, state]]);
  };
  const wait = (ms: number) => new Promise<void>((resolve) => void browser.clock.after(ms, resolve));

  const load = async (run: string, target: QueueTarget, id: JobId) => {
    let error = "";
    for (let attempt = 0; attempt < resultAttemptsMax; attempt++) {
      if (attempt > 0) await wait(retryDelayMs(attempt, reconnectDelayMsFirst, resultRetryMsMax, browser.random));
      const answer = await fetchResult(browser.fetch, target.api + paths.result(target.queue, id));
      if (typeof answer !== "string") return put(run, { kind: "ready", finished: answer });
      error = answer;
    }
    put(run, { kind: "failed", error: `The job is finished, but its result could not be read: ${error}.` });
  };

  return {
    byRun,
    need(target, id, job) {
      const run = runOf(id, job);
      if (byRun.peek().has(run)) return;
      if (job.finished?.result) return put(run, { kind: "ready", finished: job.finished });
      put(run, { kind: "loading" });
      void load(run, target, id);
    },
  };
}

/** The result, or why there is none. */
async function fetchResult(fetcher: typeof fetch, url: string): Promise<Finished | string> {
  try {
    const response = await fetcher(url, { signal: AbortSignal.timeout(requestTimeoutMs) });
    if (!response.ok) return `the server answered ${response.status}`;
    const parsed = v.safeParse(ResultAnswer, await response.json());
    if (!parsed.success) return "the answer is not what was expected";
    return parsed.output.data?.finished ?? "it is not there";
  } catch {
    return "the server could not be reached";
  }
}
