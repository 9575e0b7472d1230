// One stream's bytes as lines of text. A line that redraws itself with carriage returns (a progress bar) keeps what it shows
// last; while it goes on, `redrawn` gives its present look.

import { StringDecoder } from "node:string_decoder";
import { logLineCharsMax } from "../limits.ts";

export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  #pending = "";
  #shown = "";

  /** The lines that this chunk completes, without their ends. A line of any length comes in pieces of a limited one. */
  write(chunk: Buffer): string[] {
    const text = this.#decoder.write(chunk);
    const lines: string[] = [];
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      this.#append(text.slice(from, end), lines);
      this.#complete(lines);
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
  end(): string[] {
    const lines: string[] = [];
    this.#append(this.#decoder.end(), lines);
    if (this.#pending !== "") this.#complete(lines);
    return lines;
  }

  #append(text: string, lines: string[]): void {
    this.#pending += text;
    const previous = this.#pending.lastIndexOf("\r", this.#pending.length - 2);
    // The carriage return before the last look stays: it marks a line that redraws itself.
    if (previous > 0) this.#pending = this.#pending.slice(previous);
    while (this.#pending.length > logLineCharsMax) {
      lines.push(this.#pending.slice(0, logLineCharsMax));
      this.#pending = this.#pending.slice(logLineCharsMax);
    }
  }

  #complete(lines: string[]): void {
    const look = lookOf(this.#pending);
    if (this.#shown === "" || look !== this.#shown) lines.push(look);
    this.#pending = "";
    this.#shown = "";
  }
}

/** What a terminal shows of a line: what follows the last carriage return that is not the line's end. */
function lookOf(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  return text.slice(text.lastIndexOf("\r") + 1);
}
