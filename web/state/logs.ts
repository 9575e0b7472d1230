// The log of the job in view: numbered lines as they come, none twice. What the page missed, it reads from the log's
// routes; a result's own log is enough where it is whole.

import { type ReadonlySignal, signal } from "@preact/signals";
import * as v from "valibot";
import { LogAnswer, paths } from "../../wire/http.ts";
import type { JobId } from "../../wire/ids.ts";
import type { Job } from "../../wire/job.ts";
import type { ConsoleLogLine, JobResult } from "../../wire/result.ts";
import { thousands } from "../job/thousands.ts";
import { logCharsKeptMax, logLinesKeptMax, logRequestsMax, requestTimeoutMs } from "../limits.ts";
import type { QueueTarget } from "../url/target.ts";
import type { Browser } from "./browser.ts";
import { type LogLine, LogStore } from "./logStore.ts";

export interface Logs {
  readonly store: LogStore;
  /** Tells when the store has changed. */
  readonly version: ReadonlySignal<number>;
  /** The first line's number: lines before it are no longer kept here. */
  readonly firstNumber: ReadonlySignal<number>;
  /** Lines that were missed are being read. */
  readonly isReading: ReadonlySignal<boolean>;
  /**
   * Empties the log for another job, or for a new run of the same. `run` is undefined until the queue has said which run
   * it is: lines that came before belong to it.
   */
  follow(target: QueueTarget | undefined, id: JobId, run: Job | undefined): void;
  append(lines: readonly ConsoleLogLine[], first: number | undefined, isBuild: boolean): void;
  /** The result of the run: its log completes the live one. */
  complete(result: Pick<JobResult, "logs" | "logSteps">): void;
}

type Numbered = { readonly lines: readonly ConsoleLogLine[]; readonly isBuild: boolean };

export function createLogs(browser: Pick<Browser, "fetch">): Logs {
  const version = signal(0);
  const firstNumber = signal(0);
  const isReading = signal(false);
  const store = new LogStore();
  let followed = "";
  let place: { readonly target: QueueTarget; readonly id: JobId } | undefined;
  let known: Job | undefined;
  /** The number that the next line has. */
  let next = 0;
  let hasGap = false;
  let reading: AbortController | undefined;

  const push = (line: LogLine) => {
    store.push(line);
    if (store.length <= logLinesKeptMax && store.chars <= logCharsKeptMax) return;
    // Dropped in larger steps: moving all lines for each one that comes would cost their number each time.
    const count = Math.ceil(store.length / 10);
    store.dropFirst(count);
    firstNumber.value += count;
  };
  const pushAll = ({ lines, isBuild }: Numbered, from = 0) => {
    for (const line of lines.slice(from)) push(lineOf(line, isBuild));
  };
  const note = (text: string, time: number) => push({ text, time, kind: "note", isBuild: false });
  const restart = () => {
    reading?.abort();
    reading = undefined;
    isReading.value = false;
    store.clear();
    firstNumber.value = 0;
    next = 0;
    hasGap = false;
    version.value++;
  };

  /** Reads the whole log from its routes. What came live meanwhile and is beyond it stays. */
  const readAll = async () => {
    if (!place || reading) return;
    const stop = new AbortController();
    reading = stop;
    isReading.value = true;
    try {
      const build = await readLog(browser.fetch, place, "build", stop.signal);
      const run = await readLog(browser.fetch, place, "run", stop.signal);
      if (stop.signal.aborted) return;
      const total = build.missing + build.lines.length + run.missing + run.lines.length;
      if (total < next) return;
      restartFrom([build, run], total);
    } catch {
      // What is here stays, with its gap said; the next reconnect or the result tries again.
    } finally {
      if (reading === stop) {
        reading = undefined;
        isReading.value = false;
      }
    }
  };
  const restartFrom = (parts: readonly ReadLog[], total: number) => {
    store.clear();
    firstNumber.value = 0;
    for (const part of parts) {
      if (part.missing > 0) note(missingText(part.missing), part.lines[0]?.[1] ?? 0);
      pushAll(part);
    }
    next = total;
    hasGap = false;
    version.value++;
  };

  return {
    store,
    version,
    firstNumber,
    isReading,
    follow(target, id, run) {
      const job = `${id} ${target?.api} ${target?.queue}`;
      const isOther = job !== followed || (known !== undefined && run !== undefined && isNewRun(known, run));
      followed = job;
      place = target ? { target, id } : undefined;
      known = run ?? (isOther ? undefined : known);
      if (isOther) restart();
    },
    append(lines, first = next, isBuild) {
      const missed = first - next;
      if (missed > 0) {
        hasGap = true;
        note(missingText(missed), lines[0]?.[1] ?? 0);
        void readAll();
      }
      pushAll({ lines, isBuild }, Math.max(0, next - first));
      next = Math.max(next, first + lines.length);
      version.value++;
    },
    complete({ logs, logSteps = [] }) {
      const isEnough = !hasGap && next >= logs.length;
      if (isEnough && (next > 0 || logs.length === 0) && (isWhole(logs) || next > logs.length)) return;
      if (!isWhole(logs)) {
        if (next === 0) restartFrom([{ missing: 0, lines: logs, isBuild: false }], 0);
        void readAll();
        return;
      }
      restart();
      let at = 0;
      for (const [step, count] of logSteps) {
        pushAll({ lines: logs.slice(at, at + count), isBuild: step !== "Running" });
        at += count;
      }
      pushAll({ lines: logs.slice(at), isBuild: false });
      next = logs.length;
      version.value++;
    },
  };
}

interface ReadLog extends Numbered {
  /** Lines before the first that are kept nowhere. */
  readonly missing: number;
}

async function readLog(
  fetcher: typeof fetch,
  { target, id }: { readonly target: QueueTarget; readonly id: JobId },
  kind: "build" | "run",
  signal: AbortSignal,
): Promise<ReadLog> {
  const lines: ConsoleLogLine[] = [];
  let missing = 0;
  let since = 0;
  for (let request = 0; request < logRequestsMax; request++) {
    const response = await fetcher(target.api + paths.logs(target.queue, id, kind, since), {
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
    });
    if (!response.ok) throw new Error(`The server answered ${response.status} for a log.`);
    const answer = v.parse(LogAnswer, await response.json());
    missing += Math.max(0, answer.sliceStart - since);
    for (const line of answer.data) lines.push(line);
    if (answer.isFinal || answer.nextCursor <= since) break;
    since = answer.nextCursor;
  }
  return { missing, lines, isBuild: kind === "build" };
}

/** A result leaves out the middle of a long log, and the end of a long line, and says so in the text. */
function isWhole(lines: readonly ConsoleLogLine[]): boolean {
  return !lines.some(([text]) => /^— \d+ lines are left out here —$| — this line is longer —$/.test(text));
}

function missingText(count: number): string {
  return `${thousands(count)} ${count === 1 ? "line is" : "lines are"} missing here.`;
}

/** A finished job that is active again runs anew; an answer from a stored result changes only when it was asked for. */
function isNewRun(before: Job, now: Job): boolean {
  if (before.state === "Finished") return now.state !== "Finished" || now.time !== before.time;
  return now.queuedTime !== before.queuedTime;
}

function lineOf([text, time, isStdErr]: ConsoleLogLine, isBuild: boolean): LogLine {
  return { text, time, kind: isStdErr ? "err" : "out", isBuild };
}
