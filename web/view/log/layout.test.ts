import { expect, test } from "vitest";
import { logHeightPxMax, logRowPx } from "../../limits.ts";
import { LogStore } from "../../state/logStore.ts";
import { RowLayout, ShownLines, scrollTopOf, windowAt } from "./layout.ts";

function layoutOf(chars: readonly number[] | number, columns?: number): RowLayout {
  const layout = new RowLayout(columns, (at) => (typeof chars === "number" ? 10 : (chars[at] ?? 0)));
  layout.update(typeof chars === "number" ? chars : chars.length);
  return layout;
}

test("a line takes as many rows as its characters need, and at least one", () => {
  const layout = layoutOf([0, 10, 11, 25], 10);
  expect([layout.rows, layout.rowOf(2), layout.rowOf(3)]).toEqual([7, 2, 4]);
  expect([0, 1, 2, 3, 4, 6, 99].map((row) => layout.lineAt(row))).toEqual([0, 1, 2, 2, 3, 3, 4]);
});

test.each([[1_000], [100_000], [1_000_000], [5_000_000]])("of %d lines every one can be scrolled to", (count) => {
  const layout = layoutOf(count);
  const viewPx = 500;
  for (const line of [0, 1, Math.floor(count / 3), count - 2, count - 1]) {
    const { height } = windowAt(layout, 0, viewPx);
    const scrollTop = Math.min(scrollTopOf(layout, line, viewPx), height - viewPx);
    const { from, to, top } = windowAt(layout, scrollTop, viewPx);
    expect(from).toBeLessThanOrEqual(line);
    expect(to).toBeGreaterThan(line);
    const y = top + (line - from) * logRowPx - scrollTop;
    expect(y).toBeGreaterThanOrEqual(-1);
    expect(y).toBeLessThanOrEqual(viewPx - logRowPx + 1);
    expect(to - from).toBeLessThan(200);
    expect(height).toBeLessThanOrEqual(logHeightPxMax);
  }
});

test("a filter shows its lines as they come, and finds the next one to a place", () => {
  const store = new LogStore();
  const push = (kind: "out" | "err", isBuild = false) => store.push({ text: "", time: 0, kind, isBuild });
  push("out", true);
  push("err");
  push("out");
  const err = new ShownLines(store, "err");
  err.update();
  push("err");
  err.update();
  expect([err.length, err.index(0), err.index(1)]).toEqual([2, 1, 3]);
  expect([0, 1, 2, 3, 4].map((at) => err.placeOf(at))).toEqual([0, 0, 1, 1, 2]);
  const build = new ShownLines(store, "build");
  build.update();
  expect(build.length).toBe(1);
});
