import { expect, test } from "vitest";
import type { Job } from "../../wire/job.ts";
import type { ConsoleLogLine } from "../../wire/result.ts";
import { createLogs } from "./logs.ts";

const lines = (...texts: string[]): ConsoleLogLine[] => texts.map((text) => [text, 1]);
const shown = (logs: ReturnType<typeof createLogs>) => logs.lines.map(({ text }) => text);
const queued: Job = { queuedTime: 1, state: "Queued", time: 1, worker: "" };
const running: Job = { ...queued, state: "Running", time: 2 };
const finished: Job = { ...queued, state: "Finished", time: 3 };

test("lines that come twice are shown once", () => {
  const logs = createLogs();
  logs.follow("a", running);
  logs.append(lines("0", "1"), 0);
  logs.append(lines("0", "1", "2"), 0);
  logs.append(lines("1", "2", "3"), 1);
  logs.append(lines("4"), undefined);
  expect(shown(logs)).toEqual(["0", "1", "2", "3", "4"]);
});

test("what is missing is said", () => {
  const logs = createLogs();
  logs.append(lines("0"), 0);
  logs.append(lines("5"), 5);
  expect(shown(logs)).toEqual(["0", "4 lines before this came while the page was not connected.", "5"]);
});

test("the result's log completes the live one, and never shortens it", () => {
  const logs = createLogs();
  logs.append(lines("0"), 0);
  logs.complete(lines("0", "1"));
  expect(shown(logs)).toEqual(["0", "1"]);
  logs.complete(lines("0"));
  expect(shown(logs)).toEqual(["0", "1"]);
});

test("a new run begins an empty log; the steps of one run keep it", () => {
  const logs = createLogs();
  logs.follow("a", undefined);
  logs.append(lines("early"), 0);
  logs.follow("a", queued);
  logs.follow("a", running);
  logs.follow("a", finished);
  logs.follow("a", { ...finished, queuedTime: 9 });
  expect(shown(logs)).toEqual(["early"]);
  logs.follow("a", undefined);
  logs.follow("a", { ...queued, queuedTime: 9, time: 9 });
  expect(shown(logs)).toEqual([]);
  logs.append(lines("new"), 0);
  logs.follow("b", undefined);
  expect(shown(logs)).toEqual([]);
});
