import { expect, test } from "vitest";
import type { Progress } from "../../wire/job.ts";
import { leftMs, leftText, type Pace, paced } from "./pace.ts";

const MB = 1_000_000;
const second = 1_000;

type Note = readonly [atSeconds: number, done: number, total: number];

function seen(notes: readonly Note[]): Pace | undefined {
  let pace: Pace | undefined;
  for (const [at, done, total] of notes)
    pace = paced(pace, "run", progressOf(done * MB, total * MB), 1e12 + at * second);
  return pace;
}

function progressOf(done: number, total: number, phase: Progress["phase"] = "image"): Progress {
  return { phase, since: 1, amount: { done, total, unit: "bytes" } };
}

test.each<[string, readonly Note[], number | undefined]>([
  [
    "at an even pace",
    [
      [0, 0, 300],
      [5, 50, 300],
      [10, 100, 300],
    ],
    20 * second,
  ],
  [
    "of what was there before this page looked, nothing is concluded",
    [
      [0, 200, 300],
      [10, 250, 300],
    ],
    10 * second,
  ],
  [
    "of a total that grows, what is known now counts",
    [
      [0, 0, 100],
      [10, 100, 300],
    ],
    20 * second,
  ],
  [
    "too early",
    [
      [0, 0, 300],
      [2, 50, 300],
    ],
    undefined,
  ],
  [
    "while nothing comes",
    [
      [0, 10, 300],
      [60, 10, 300],
    ],
    undefined,
  ],
  [
    "at the end",
    [
      [0, 10, 300],
      [60, 300, 300],
    ],
    undefined,
  ],
])("the time that is left: %s", (_name, notes, left) => {
  const pace = seen(notes);
  expect(pace && leftMs(pace)).toBe(left);
});

test("another run, another phase, or a count that begins anew, begins anew", () => {
  const before = seen([
    [0, 0, 300],
    [10, 100, 300],
  ]);
  const at = 1e12 + 20 * second;
  const next = progressOf(200 * MB, 300 * MB);
  expect(paced(before, "run", next, at)?.first.at).toBe(1e12);
  expect(paced(before, "another", next, at)?.first.at).toBe(at);
  expect(paced(before, "run", progressOf(200 * MB, 300 * MB, "outputs"), at)?.first.at).toBe(at);
  expect(paced(before, "run", progressOf(50 * MB, 300 * MB), at)?.first.at).toBe(at);
  expect(paced(before, "run", { ...next, amount: { done: 1, total: 7, unit: "steps" } }, at)).toBeUndefined();
  expect(paced(before, "run", { phase: "run", since: 1 }, at)).toBeUndefined();
});

test.each([
  [3, "a few seconds left"],
  [21, "about 20 s left"],
  [50, "about 50 s left"],
  [58, "about 1 min left"],
  [600, "about 10 min left"],
  [3 * 3600, "about 3 h left"],
])("%d s are told as %j", (seconds, text) => {
  expect(leftText(seconds * second)).toBe(text);
});
