// What `result.logs` keeps of a log: everything up to a size, else the beginning, a note and the end.

import type { LogStep } from "../../wire/job.ts";
import { resultLogBytesMax } from "../../wire/limits.ts";
import type { ConsoleLogLine, JobResult } from "../../wire/result.ts";

interface Entry {
  readonly step: LogStep;
  readonly line: ConsoleLogLine;
}

export interface LogExcerpt {
  readonly logs: ConsoleLogLine[];
  readonly logSteps?: NonNullable<JobResult["logSteps"]>;
  /** `logs` has every line, uncut. */
  readonly isComplete: boolean;
}

export class Excerpt {
  readonly #bytesMax: number;
  readonly #head: Entry[] = [];
  #headBytes = 0;
  #headFull = false;
  /** At least the end that is shown. Its exact size costs too much to know for each line of a long log. */
  #tail: Entry[] = [];
  #tailFrom = 0;
  #tailBytesMin = 0;
  #dropped = 0;

  constructor(bytesMax: number = resultLogBytesMax) {
    this.#bytesMax = bytesMax;
  }

  add(step: LogStep, line: ConsoleLogLine): void {
    if (!this.#headFull) {
      const size = sizeOf(line);
      if (this.#headBytes + size <= this.#bytesMax / 2) {
        this.#head.push({ step, line });
        this.#headBytes += size;
        return;
      }
      this.#headFull = true;
    }
    this.#tail.push({ step, line });
    this.#tailBytesMin += leastSizeOf(line);
    this.#evict();
  }

  end(): LogExcerpt {
    const kept = this.#tail.slice(this.#tailFrom);
    const shown: Entry[] = [];
    let left = this.#bytesMax - this.#headBytes;
    let isCut = false;
    for (const entry of kept.reverse()) {
      const isLong = sizeOf(entry.line) > this.#bytesMax / 2;
      const line = isLong ? cut(entry.line, this.#bytesMax / 16) : entry.line;
      left -= sizeOf(line);
      if (left < 0) break;
      isCut ||= isLong;
      shown.push({ step: entry.step, line });
    }
    const dropped = this.#dropped + kept.length - shown.length;
    const entries = [...this.#head, ...noteOf(dropped, shown.at(-1) ?? kept.at(-1)), ...shown.reverse()];
    const logSteps = stepsOf(entries);
    return {
      logs: entries.map(({ line }) => line),
      ...(logSteps.length > 0 ? { logSteps } : {}),
      isComplete: dropped === 0 && !isCut,
    };
  }

  #evict(): void {
    while (this.#tailBytesMin > this.#bytesMax && this.#tail.length - this.#tailFrom > 1) {
      const oldest = this.#tail[this.#tailFrom];
      if (!oldest) return;
      this.#tailBytesMin -= leastSizeOf(oldest.line);
      this.#tailFrom += 1;
      this.#dropped += 1;
    }
    // An array that is shifted one by one would be copied one by one.
    if (this.#tailFrom > this.#tail.length / 2) {
      this.#tail = this.#tail.slice(this.#tailFrom);
      this.#tailFrom = 0;
    }
  }
}

function noteOf(dropped: number, next: Entry | undefined): readonly Entry[] {
  if (dropped === 0) return [];
  const text = `\u2014 ${dropped} ${dropped === 1 ? "line is" : "lines are"} left out here \u2014`;
  return [{ step: "Running", line: [text, next?.line[1] ?? 0, true] }];
}

/** Lines beyond the last step that is named are `Running`. */
function stepsOf(entries: readonly Entry[]): [LogStep, number][] {
  const steps: [LogStep, number][] = [];
  for (const { step } of entries) {
    const last = steps.at(-1);
    if (last?.[0] === step) last[1] += 1;
    else steps.push([step, 1]);
  }
  return steps.at(-1)?.[0] === "Running" ? steps.slice(0, -1) : steps;
}

/** Bytes of the line in JSON, which is how a result carries it. */
function sizeOf(line: ConsoleLogLine): number {
  return Buffer.byteLength(JSON.stringify(line)) + 1;
}

/** No line takes less: its characters, quotes, brackets, commas and a time. */
function leastSizeOf([text]: ConsoleLogLine): number {
  return text.length + 7;
}

function cut([text, time, isStdErr]: ConsoleLogLine, chars: number): ConsoleLogLine {
  const shown = `${text.slice(0, chars)} \u2014 this line is longer \u2014`;
  return isStdErr === undefined ? [shown, time] : [shown, time, isStdErr];
}
