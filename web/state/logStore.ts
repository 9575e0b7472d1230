// The lines of one log, a million of them in little more memory than their text: a column for each property, and the few
// looks in which lines begin in a table of their own.

import { type Look, lookAfter, plainLook } from "../job/ansi.ts";

export type LineKind = "out" | "err" | "note";

export interface LogLine {
  /** As it was printed, with its escapes. */
  readonly text: string;
  /** Epoch ms; 0 where nobody knows. */
  readonly time: number;
  readonly kind: LineKind;
  readonly isBuild: boolean;
}

const kinds: readonly LineKind[] = ["out", "err", "note"];
const buildFlag = 4;

export class LogStore {
  #texts: string[] = [];
  #times = new Float64Array(1024);
  #flags = new Uint8Array(1024);
  #lookNumbers = new Uint16Array(1024);
  #looks: Look[] = [plainLook];
  #numbersOfLooks = new Map<string, number>([["{}", 0]]);
  #look: Look = plainLook;
  #chars = 0;
  #generation = 0;

  /** Grows when lines go: then the others stand elsewhere. */
  get generation(): number {
    return this.#generation;
  }

  get length(): number {
    return this.#texts.length;
  }

  /** Characters of all lines together. */
  get chars(): number {
    return this.#chars;
  }

  push({ text, time, kind, isBuild }: LogLine): void {
    const at = this.#texts.length;
    if (at === this.#times.length) this.#grow();
    this.#texts.push(text);
    this.#times[at] = time;
    this.#flags[at] = kinds.indexOf(kind) + (isBuild ? buildFlag : 0);
    this.#lookNumbers[at] = this.#numberOf(this.#look);
    this.#look = lookAfter(text, this.#look);
    this.#chars += text.length;
  }

  text(at: number): string {
    return this.#texts[at] ?? "";
  }

  time(at: number): number {
    return this.#times[at] ?? 0;
  }

  kind(at: number): LineKind {
    return kinds[(this.#flags[at] ?? 0) % buildFlag] ?? "out";
  }

  isBuild(at: number): boolean {
    return (this.#flags[at] ?? 0) >= buildFlag;
  }

  /** The look in which a line begins. */
  look(at: number): Look {
    return this.#looks[this.#lookNumbers[at] ?? 0] ?? plainLook;
  }

  clear(): void {
    this.#texts = [];
    this.#look = plainLook;
    this.#chars = 0;
    this.#generation++;
  }

  /** Removes the first lines. */
  dropFirst(count: number): void {
    for (let at = 0; at < count; at++) this.#chars -= this.#texts[at]?.length ?? 0;
    this.#texts = this.#texts.slice(count);
    this.#times.copyWithin(0, count);
    this.#flags.copyWithin(0, count);
    this.#lookNumbers.copyWithin(0, count);
    this.#generation++;
  }

  #grow(): void {
    const size = this.#times.length * 2;
    const times = new Float64Array(size);
    times.set(this.#times);
    const flags = new Uint8Array(size);
    flags.set(this.#flags);
    const lookNumbers = new Uint16Array(size);
    lookNumbers.set(this.#lookNumbers);
    this.#times = times;
    this.#flags = flags;
    this.#lookNumbers = lookNumbers;
  }

  #numberOf(look: Look): number {
    if (look === plainLook) return 0;
    const key = JSON.stringify(look);
    const known = this.#numbersOfLooks.get(key);
    if (known !== undefined) return known;
    // A log that changes its colours at every line has more looks than are counted here: the rest begin plain.
    if (this.#looks.length > 0xffff) return 0;
    this.#looks.push(look);
    this.#numbersOfLooks.set(key, this.#looks.length - 1);
    return this.#looks.length - 1;
  }
}
