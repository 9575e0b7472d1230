import { expect, test } from "vitest";
import type { ProgressNote } from "../job/phases.ts";
import { progressEveryMs } from "../limits.ts";
import { Arrivals } from "./arrivals.ts";

/** Downloads on a clock of the test's. */
function watched(files: number) {
  const notes: ProgressNote[] = [];
  let now = 0;
  const arrivals = new Arrivals({ files, tell: (note) => notes.push(note), now: () => now });
  const later = () => {
    now += progressEveryMs;
  };
  return { arrivals, notes, later };
}

test("one file is bytes of its length, told once a second", () => {
  const { arrivals, notes, later } = watched(1);
  const file = arrivals.next();
  file.expects(300);
  file.came(50);
  later();
  file.came(120);
  file.came(130);
  later();
  file.came(200);
  expect(notes.map(({ amount }) => amount)).toEqual([
    { done: 120, total: 300, unit: "bytes" },
    { done: 200, total: 300, unit: "bytes" },
  ]);
});

test("of several, the total is told once each has said its length; one that was here already counts as nothing", () => {
  const { arrivals, notes, later } = watched(3);
  const [first, second, third] = [arrivals.next(), arrivals.next(), arrivals.next()];
  first.expects(100);
  later();
  first.came(40);
  second.done();
  third.expects(60);
  later();
  third.came(10);
  expect(notes).toEqual([
    { message: "0 of 3 files", amount: { done: 40, total: 0, unit: "bytes" } },
    { message: "1 of 3 files", amount: { done: 50, total: 160, unit: "bytes" } },
  ]);
});

test("what a second try brings again is not counted again, and a server that says no length makes no total", () => {
  const { arrivals, notes, later } = watched(1);
  const file = arrivals.next();
  file.expects(undefined);
  file.came(80);
  file.came(10);
  later();
  file.came(90);
  expect(notes).toEqual([{ amount: { done: 90, total: 0, unit: "bytes" } }]);
});
