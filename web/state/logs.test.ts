import { expect, test } from "vitest";
import { checkDefinition } from "../../wire/definition.ts";
import type { Job } from "../../wire/job.ts";
import type { ConsoleLogLine } from "../../wire/result.ts";
import { resolveQueue } from "../url/target.ts";
import { createLogs } from "./logs.ts";

const check = checkDefinition({ image: "a" });
const other = checkDefinition({ image: "b" });
const state = resolveQueue("q", "https://api.example");
if (!check.ok || !other.ok || state.kind !== "target") throw new Error("unreachable");
const { target } = state;
const { id } = check.value;

const lines = (...texts: string[]): ConsoleLogLine[] => texts.map((text) => [text, 1]);
const shown = ({ store }: ReturnType<typeof createLogs>) =>
  Array.from({ length: store.length }, (_, at) => store.text(at));
const queued: Job = { queuedTime: 1, state: "Queued", time: 1, worker: "" };
const running: Job = { ...queued, state: "Running", time: 2 };
const finished: Job = { ...queued, state: "Finished", time: 3 };

function page(routes: Readonly<Record<string, object>> = {}) {
  const asked: string[] = [];
  const logs = createLogs({
    fetch: async (url) => {
      const path = new URL(String(url)).pathname.split("/").at(-1) + new URL(String(url)).search;
      asked.push(path);
      const body = routes[path];
      return body ? Response.json(body) : Response.json({ error: "gone" }, { status: 404 });
    },
  });
  logs.follow(target, id, running);
  return { logs, asked, settled: () => expect.poll(() => logs.isReading.value).toBe(false) };
}

test("lines that come twice are shown once", () => {
  const { logs } = page();
  logs.append(lines("0", "1"), 0, false);
  logs.append(lines("0", "1", "2"), 0, false);
  logs.append(lines("1", "2", "3"), 1, false);
  logs.append(lines("4"), undefined, false);
  expect(shown(logs)).toEqual(["0", "1", "2", "3", "4"]);
});

test("what was missed is said, and read from the log's routes in as many slices as it takes", async () => {
  const { logs, asked, settled } = page({
    "build-logs.json?since=0": { data: lines("built"), sliceStart: 0, nextCursor: 1, isFinal: true },
    "run-logs.json?since=0": { data: lines("1", "2"), sliceStart: 0, nextCursor: 2, isFinal: false },
    "run-logs.json?since=2": { data: lines("3"), sliceStart: 2, nextCursor: 3, isFinal: true },
  });
  logs.append(lines("built"), 0, true);
  logs.append(lines("3"), 3, false);
  expect(shown(logs)).toEqual(["built", "2 lines are missing here.", "3"]);
  await settled();
  expect(shown(logs)).toEqual(["built", "1", "2", "3"]);
  expect([logs.store.isBuild(0), logs.store.isBuild(1)]).toEqual([true, false]);
  expect(asked).toHaveLength(3);
  logs.append(lines("3", "4"), 3, false);
  expect(shown(logs).slice(-2)).toEqual(["3", "4"]);
});

test("lines that are kept nowhere leave a note in their place", async () => {
  const { logs, settled } = page({
    "build-logs.json?since=0": { data: [], sliceStart: 0, nextCursor: 0, isFinal: true },
    "run-logs.json?since=0": { data: lines("8", "9"), sliceStart: 8, nextCursor: 10, isFinal: true },
  });
  logs.append(lines("9"), 9, false);
  await settled();
  expect(shown(logs)).toEqual(["8 lines are missing here.", "8", "9"]);
});

test("routes that do not answer leave what is here", async () => {
  const { logs, settled } = page();
  logs.append(lines("5"), 5, false);
  await settled();
  expect(shown(logs)).toEqual(["5 lines are missing here.", "5"]);
});

test("the result's log completes the live one, and never shortens it", () => {
  const { logs, asked } = page();
  logs.append(lines("0"), 0, false);
  logs.complete({ logs: lines("built", "0"), logSteps: [["docker build", 1]] });
  expect(shown(logs)).toEqual(["built", "0"]);
  expect([logs.store.isBuild(0), logs.store.isBuild(1)]).toEqual([true, false]);
  logs.complete({ logs: lines("0") });
  expect(shown(logs)).toEqual(["built", "0"]);
  expect(asked).toEqual([]);
});

test("a result that leaves out the middle shows its ends until the whole is read", async () => {
  const { logs, settled } = page({
    "build-logs.json?since=0": { data: [], sliceStart: 0, nextCursor: 0, isFinal: true },
    "run-logs.json?since=0": { data: lines("a", "b", "c"), sliceStart: 0, nextCursor: 3, isFinal: true },
  });
  logs.complete({ logs: lines("a", "— 1 lines are left out here —", "c") });
  expect(shown(logs)).toEqual(["a", "— 1 lines are left out here —", "c"]);
  await settled();
  expect(shown(logs)).toEqual(["a", "b", "c"]);
});

test("a live log that has more than the result's excerpt is whole already", () => {
  const { logs, asked } = page();
  logs.append(lines("a", "b", "c", "d"), 0, false);
  logs.complete({ logs: lines("a", "— 2 lines are left out here —", "d") });
  expect(shown(logs)).toEqual(["a", "b", "c", "d"]);
  expect(asked).toEqual([]);
});

test("a new run begins an empty log; the steps of one run keep it", () => {
  const { logs } = page();
  logs.follow(target, other.value.id, undefined);
  logs.append(lines("early"), 0, false);
  for (const job of [queued, running, finished, { ...finished, queuedTime: 9 }])
    logs.follow(target, other.value.id, job);
  expect(shown(logs)).toEqual(["early"]);
  logs.follow(target, other.value.id, undefined);
  logs.follow(target, other.value.id, { ...queued, queuedTime: 9, time: 9 });
  expect(shown(logs)).toEqual([]);
  logs.append(lines("new"), 0, false);
  logs.follow(target, id, undefined);
  expect(shown(logs)).toEqual([]);
});

test("colours go on from line to line", () => {
  const { logs } = page();
  logs.append(lines("\u001b[31mred", "still", "\u001b[0mplain", "plain"), 0, false);
  expect([0, 1, 2, 3].map((at) => logs.store.look(at))).toEqual([{}, { colour: 1 }, { colour: 1 }, {}]);
});
