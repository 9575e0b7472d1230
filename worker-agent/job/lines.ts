// One stream's bytes as lines of text. A line that redraws itself with carriage returns (a progress bar) keeps what it shows
// last; while it goes on, `redrawn` gives its present look.

import { StringDecoder } from "node:string_decoder";
import { logLineCharsMax } from "../limits.ts";

export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  #pending = "";
  #shown = "";
  #endsWithReturn = false;

  /**
   * The lines that this chunk completes, without their ends. A line of any length comes in pieces of a limited one. A line
   * whose last look was shown already is undefined: it still counts, so that the same bytes always have as many lines.
   */
  write(chunk: Buffer): (string | undefined)[] {
    const text = this.#decoder.write(chunk);
    const lines: (string | undefined)[] = [];
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      this.#append(text.slice(from, end), lines);
      lines.push(this.#complete());
      from = end + 1;
    }
    this.#append(text.slice(from), lines);
    return lines;
  }

  /** What an unfinished line that redraws itself shows now, if that is new. */
  redrawn(): string | undefined {
    if (!this.#pending.includes("\r")) return undefined;
    const look = lookOf(this.#pending);
    if (look === "" || look === this.#shown) return undefined;
    this.#shown = look;
    return look;
  }

  /** The last line, if it has no end. */
  end(): (string | undefined)[] {
    const lines: (string | undefined)[] = [];
    this.#append(this.#decoder.end(), lines);
    if (this.#pending !== "") lines.push(this.#complete());
    return lines;
  }

  #append(text: string, lines: (string | undefined)[]): void {
    if (text === "") return;
    // A long line that comes byte by byte is not looked through, nor even put together, as often.
    const mayRedraw = this.#endsWithReturn || text.includes("\r");
    this.#endsWithReturn = text.endsWith("\r");
    this.#pending += text;
    const previous = mayRedraw ? this.#pending.lastIndexOf("\r", this.#pending.length - 2) : -1;
    // The carriage return before the last look stays: it marks a line that redraws itself.
    if (previous > 0) this.#pending = this.#pending.slice(previous);
    while (this.#pending.length > logLineCharsMax) {
      const length = wholeCharacters(this.#pending, logLineCharsMax);
      lines.push(this.#pending.slice(0, length));
      this.#pending = this.#pending.slice(length);
    }
  }

  #complete(): string | undefined {
    const look = lookOf(this.#pending);
    const shown = this.#shown;
    this.#pending = "";
    this.#shown = "";
    this.#endsWithReturn = false;
    return shown === "" || look !== shown ? look : undefined;
  }
}

/** What a terminal shows of a line: what follows the last carriage return that is not the line's end. */
function lookOf(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  return text.slice(text.lastIndexOf("\r") + 1);
}

/** That length, or one less where it would cut a character of two code units in half. */
function wholeCharacters(text: string, length: number): number {
  const last = text.charCodeAt(length - 1);
  return last >= 0xd800 && last < 0xdc00 ? length - 1 : length;
}
