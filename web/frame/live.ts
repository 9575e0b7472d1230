// With `mp_live=true`, a frame's standard output and exit code go on as pipes of their own, while the job runs.

import { effect, type ReadonlySignal } from "@preact/signals";
import type { Clock } from "../clock.ts";
import { plainLine } from "../job/ansi.ts";
import { liveCharsMax, liveEveryMs } from "../limits.ts";
import type { LogStore } from "../state/logStore.ts";
import type { MetapageLink } from "./metapage.ts";

export interface LiveFacts {
  readonly isOn: ReadonlySignal<boolean>;
  readonly store: LogStore;
  /** Tells when the store has changed. */
  readonly version: ReadonlySignal<number>;
  /** Undefined until the run is over. */
  readonly exitCode: ReadonlySignal<number | undefined>;
  readonly clock: Clock;
}

/** Sends at most one message in `liveEveryMs`, and the last state always. */
export function sendLive({ isOn, store, version, exitCode, clock }: LiveFacts, link: MetapageLink): void {
  let isWaiting = false;
  let isStale = false;
  const send = () => {
    isStale = false;
    isWaiting = true;
    link.send({ stdout: stdoutOf(store), exitCode: exitCode.peek() });
    clock.after(liveEveryMs, () => {
      isWaiting = false;
      if (isStale && isOn.peek()) send();
    });
  };
  effect(() => {
    version.value;
    exitCode.value;
    if (!isOn.value) return;
    if (isWaiting) isStale = true;
    else send();
  });
}

/** The end of what the program printed, as plain text. */
function stdoutOf(store: LogStore): string {
  const lines: string[] = [];
  let chars = 0;
  for (let at = store.length - 1; at >= 0 && chars < liveCharsMax; at--) {
    if (store.kind(at) !== "out" || store.isBuild(at)) continue;
    const line = plainLine(store.text(at));
    chars += line.length + 1;
    lines.push(line);
  }
  return lines.reverse().join("\n");
}
