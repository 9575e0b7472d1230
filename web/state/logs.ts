// The log of the job in view: numbered lines as they come, none twice, what is missing said; the result's own log once
// the job is done.

import { type ReadonlySignal, signal } from "@preact/signals";
import type { Job } from "../../wire/job.ts";
import type { ConsoleLogLine } from "../../wire/result.ts";
import { plainLine } from "../job/logText.ts";
import { logLinesKeptMax } from "../limits.ts";

export interface LogLine {
  readonly text: string;
  /** Epoch ms. */
  readonly time: number;
  readonly kind: "out" | "err" | "note";
}

export interface Logs {
  /** Grows in place; `version` tells when. */
  readonly lines: readonly LogLine[];
  readonly version: ReadonlySignal<number>;
  /**
   * Empties the log for another job, or for a new run of the same. `run` is undefined until the queue has said which run
   * it is: lines that came before belong to it.
   */
  follow(job: string, run: Job | undefined): void;
  append(lines: readonly ConsoleLogLine[], first: number | undefined): void;
  /** The result's log takes the place of what came live, unless that is more. */
  complete(lines: readonly ConsoleLogLine[]): void;
}

export function createLogs(): Logs {
  const version = signal(0);
  const lines: LogLine[] = [];
  let followed = "";
  let known: Job | undefined;
  /** The number that the next line has. */
  let next = 0;
  let hasGap = false;

  const push = (line: LogLine) => {
    lines.push(line);
    // Dropped in larger steps: shifting an array for each line would cost its whole length each time.
    if (lines.length > logLinesKeptMax * 1.1) {
      lines.splice(0, lines.length - logLinesKeptMax);
      lines[0] = { text: `Lines before this one are no longer kept here.`, time: line.time, kind: "note" };
      hasGap = true;
    }
  };
  const restart = () => {
    lines.length = 0;
    next = 0;
    hasGap = false;
    version.value++;
  };

  return {
    lines,
    version,
    follow(job, run) {
      const isOther = job !== followed || (known !== undefined && run !== undefined && isNewRun(known, run));
      followed = job;
      known = run ?? (isOther ? undefined : known);
      if (isOther) restart();
    },
    append(received, first = next) {
      const fresh = received.slice(Math.max(0, next - first));
      const missed = first - next;
      if (missed > 0) {
        hasGap = true;
        push({
          text: `${missed} ${missed === 1 ? "line" : "lines"} before this came while the page was not connected.`,
          time: fresh[0]?.[1] ?? 0,
          kind: "note",
        });
      }
      for (const line of fresh) push(lineOf(line));
      next = Math.max(next, first + received.length);
      version.value++;
    },
    complete(received) {
      if (!hasGap && lines.length >= received.length) return;
      restart();
      for (const line of received) push(lineOf(line));
      next = received.length;
      version.value++;
    },
  };
}

/** A finished job that is active again runs anew; an answer from a stored result changes only when it was asked for. */
function isNewRun(before: Job, now: Job): boolean {
  if (before.state === "Finished") return now.state !== "Finished" || now.time !== before.time;
  return now.queuedTime !== before.queuedTime;
}

function lineOf([text, time, isStdErr]: ConsoleLogLine): LogLine {
  return { text: plainLine(text), time, kind: isStdErr ? "err" : "out" };
}
