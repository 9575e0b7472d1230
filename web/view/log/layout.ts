// Where lines stand in a log that is far longer than the window: which of them are shown, how many rows each takes, and
// what of it is in view. Pure: what a line is like is asked for.

import { logHeightPxMax, logRowPx, logRowsMargin } from "../../limits.ts";
import type { LogStore } from "../../state/logStore.ts";

export type LogFilter = "all" | "build" | "run" | "out" | "err";
/** A filter, or the two streams beside each other. */
export type LogMode = LogFilter | "apart";

export function isShown(store: LogStore, at: number, filter: LogFilter): boolean {
  switch (filter) {
    case "all":
      return true;
    case "build":
      return store.isBuild(at);
    case "run":
      return !store.isBuild(at);
    case "out":
    case "err":
      return store.kind(at) === filter;
  }
}

/** The lines that a filter shows, kept up as the store grows. */
export class ShownLines {
  readonly #store: LogStore;
  readonly filter: LogFilter;
  #indexes: number[] = [];
  #seen = 0;
  #generation: number;

  constructor(store: LogStore, filter: LogFilter) {
    this.#store = store;
    this.filter = filter;
    this.#generation = store.generation;
  }

  update(): void {
    if (this.filter === "all") return;
    if (this.#generation !== this.#store.generation) {
      this.#generation = this.#store.generation;
      this.#indexes = [];
      this.#seen = 0;
    }
    for (; this.#seen < this.#store.length; this.#seen++)
      if (isShown(this.#store, this.#seen, this.filter)) this.#indexes.push(this.#seen);
  }

  get length(): number {
    return this.filter === "all" ? this.#store.length : this.#indexes.length;
  }

  /** A shown line's place in the store. */
  index(at: number): number {
    return this.filter === "all" ? at : (this.#indexes[at] ?? 0);
  }

  /** Whether it shows a line, by its place in the store. */
  has(index: number): boolean {
    return index < this.#store.length && isShown(this.#store, index, this.filter);
  }

  /** The place among the shown lines of the first one at or after a place in the store. */
  placeOf(index: number): number {
    if (this.filter === "all") return index;
    return firstWhere(this.#indexes.length, (at) => (this.#indexes[at] ?? 0) >= index);
  }
}

/** How many rows lines take: one each, or as many as their characters need in a number of columns. */
export class RowLayout {
  readonly columns: number | undefined;
  readonly #charsOf: (at: number) => number;
  /** Rows up to and with each line. */
  #ends: number[] = [];
  #count = 0;

  constructor(columns: number | undefined, charsOf: (at: number) => number) {
    this.columns = columns;
    this.#charsOf = charsOf;
  }

  update(count: number): void {
    if (this.columns !== undefined) {
      let rows = this.#ends.at(-1) ?? 0;
      for (let at = this.#ends.length; at < count; at++) {
        rows += Math.max(1, Math.ceil(this.#charsOf(at) / this.columns));
        this.#ends.push(rows);
      }
    }
    this.#count = count;
  }

  get rows(): number {
    return this.columns === undefined ? this.#count : (this.#ends.at(-1) ?? 0);
  }

  rowOf(line: number): number {
    return this.columns === undefined ? line : (this.#ends[line - 1] ?? 0);
  }

  lineAt(row: number): number {
    if (this.columns === undefined) return Math.max(0, Math.min(this.#count, Math.floor(row)));
    return firstWhere(this.#ends.length, (at) => (this.#ends[at] ?? 0) > row);
  }
}

export interface Window {
  /** Lines in the document, `to` excluded. */
  readonly from: number;
  readonly to: number;
  /** Where the first of them stands, px from the top of the scrolled space. */
  readonly top: number;
  /** The scrolled space's height. */
  readonly height: number;
}

/** What is in view at a scroll position. A log higher than browsers can draw scrolls in larger steps. */
export function windowAt(layout: RowLayout, scrollTop: number, viewPx: number): Window {
  const fullPx = layout.rows * logRowPx;
  const height = Math.min(fullPx, logHeightPxMax);
  const scale = height > viewPx ? (fullPx - viewPx) / (height - viewPx) : 1;
  const virtualTop = scrollTop * scale;
  const from = Math.max(0, layout.lineAt(virtualTop / logRowPx - logRowsMargin));
  const to = Math.max(from, layout.lineAt((virtualTop + viewPx) / logRowPx + logRowsMargin));
  const isLast = layout.rowOf(to) * logRowPx <= virtualTop + viewPx;
  return { from, to: isLast ? to : to + 1, top: layout.rowOf(from) * logRowPx - virtualTop + scrollTop, height };
}

/** The scroll position at which a line stands in the middle of the view. */
export function scrollTopOf(layout: RowLayout, line: number, viewPx: number): number {
  const fullPx = layout.rows * logRowPx;
  const height = Math.min(fullPx, logHeightPxMax);
  const scale = height > viewPx ? (fullPx - viewPx) / (height - viewPx) : 1;
  return Math.max(0, (layout.rowOf(line) * logRowPx - viewPx / 2 + logRowPx) / scale);
}

/** The first of `count` places for which a condition holds that, once it holds, goes on to hold. */
function firstWhere(count: number, holds: (at: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
