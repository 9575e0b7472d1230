// The place in line of the job in view. Nobody is told it: it is asked for now and then while the job waits.

import { effect, type ReadonlySignal, signal } from "@preact/signals";
import * as v from "valibot";
import { paths, StatusAnswer } from "../../wire/http.ts";
import type { JobId } from "../../wire/ids.ts";
import { placeEveryMs, requestTimeoutMs } from "../limits.ts";
import type { QueueTarget } from "../url/target.ts";
import type { Browser } from "./browser.ts";

export interface Waiting {
  readonly target: QueueTarget;
  readonly id: JobId;
}

const Answer = v.pick(StatusAnswer, ["jobs"]);

/** `waiting` is set while the job is queued. */
export function followPlace(
  waiting: ReadonlySignal<Waiting | undefined>,
  { clock, fetch }: Pick<Browser, "clock" | "fetch">,
): ReadonlySignal<number | undefined> {
  const place = signal<number | undefined>(undefined);
  effect(() => {
    const at = waiting.value;
    place.value = undefined;
    if (!at) return undefined;
    const stop = new AbortController();
    let calledOff = () => {};
    const ask = async () => {
      try {
        const signals = AbortSignal.any([stop.signal, AbortSignal.timeout(requestTimeoutMs)]);
        const response = await fetch(at.target.api + paths.status(at.target.queue), { signal: signals });
        const parsed = v.safeParse(Answer, await response.json());
        if (!stop.signal.aborted && parsed.success) place.value = parsed.output.jobs[at.id]?.place;
      } catch {
        // A place that is not known is not shown; the next time may know it.
      }
      if (!stop.signal.aborted) later();
    };
    const later = () => {
      calledOff = clock.after(placeEveryMs, () => void ask());
    };
    later();
    return () => {
      calledOff();
      stop.abort();
    };
  });
  return place;
}
