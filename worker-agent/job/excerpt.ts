// What `result.logs` keeps of a log: everything up to a size, else the beginning, a note and the end.

import { resultLogBytesMax } from "../../wire/limits.ts";
import type { ConsoleLogLine } from "../../wire/result.ts";

export class Excerpt {
  readonly #bytesMax: number;
  readonly #head: ConsoleLogLine[] = [];
  #headBytes = 0;
  #headFull = false;
  #tail: ConsoleLogLine[] = [];
  #tailFrom = 0;
  #tailBytes = 0;
  #dropped = 0;

  constructor(bytesMax: number = resultLogBytesMax) {
    this.#bytesMax = bytesMax;
  }

  add(line: ConsoleLogLine): void {
    const size = sizeOf(line);
    if (!this.#headFull && this.#headBytes + size <= this.#bytesMax / 2) {
      this.#head.push(line);
      this.#headBytes += size;
      return;
    }
    this.#headFull = true;
    const kept = size > this.#bytesMax / 2 ? cut(line, this.#bytesMax / 16) : line;
    this.#tail.push(kept);
    this.#tailBytes += sizeOf(kept);
    this.#evict();
  }

  lines(): ConsoleLogLine[] {
    const tail = this.#tail.slice(this.#tailFrom);
    const [first] = tail;
    if (this.#dropped === 0 || !first) return [...this.#head, ...tail];
    const note = `\u2014 ${this.#dropped} lines are left out here \u2014`;
    return [...this.#head, [note, first[1], true], ...tail];
  }

  #evict(): void {
    while (this.#headBytes + this.#tailBytes > this.#bytesMax) {
      const oldest = this.#tail[this.#tailFrom];
      if (!oldest) return;
      this.#tailBytes -= sizeOf(oldest);
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

/** Bytes of the line in JSON, which is how a result carries it. */
function sizeOf(line: ConsoleLogLine): number {
  return Buffer.byteLength(JSON.stringify(line)) + 1;
}

function cut([text, time, isStdErr]: ConsoleLogLine, chars: number): ConsoleLogLine {
  return [`${text.slice(0, chars)} \u2014 this line is longer \u2014`, time, isStdErr === true];
}
