// A job's log from its container to those who read it, on a real engine with a real edge.

import * as v from "valibot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LogAnswer, paths } from "../wire/http.ts";
import type { JobId } from "../wire/ids.ts";
import type { RunningAgent } from "./agent.ts";
import { leftOf } from "./testEngine.ts";
import { logText, type Stack, startStack } from "./testStack.ts";

let stack: Stack;
let agent: RunningAgent;

beforeAll(async () => {
  stack = await startStack();
  agent = await stack.agent();
});

afterAll(async () => {
  await stack.close();
  expect(await leftOf(agent.id)).toEqual([]);
});

/** Every line from a cursor on, answer by answer, without a gap. */
async function readLog(id: JobId, line: (text: string) => void, kind: "run" | "build" = "run"): Promise<void> {
  for (let cursor = 0; ; ) {
    const response = await stack.fetch(paths.logs(stack.queue, id, kind, cursor));
    const { data, sliceStart, nextCursor, isFinal } = v.parse(LogAnswer, await response.json());
    expect(sliceStart).toBe(cursor);
    for (const [text] of data) line(text);
    cursor = nextCursor;
    if (isFinal) return;
    if (data.length === 0) throw new Error(`The log has no end: ${cursor} lines were read.`);
  }
}

async function linesOf(id: JobId): Promise<readonly string[]> {
  const lines: string[] = [];
  await readLog(id, (text) => lines.push(text));
  return lines;
}

test("100 MB can be read to the last line", async () => {
  const count = 1_000_000;
  // 100 bytes a line with its end.
  const id = await stack.submit({ command: ["awk", `BEGIN { for (i = 1; i <= ${count}; i++) printf "%099d\\n", i }`] });
  await stack.finished(id);
  let next = 1;
  let wrong = 0;
  await readLog(id, (text) => {
    if (Number(text) !== next || text.length !== 99) wrong += 1;
    next += 1;
  });
  expect({ next, wrong }).toEqual({ next: count + 1, wrong: 0 });
}, 120_000);

test("a short log is in the result alone, with the steps it comes from", async () => {
  const id = await stack.submit({ command: "echo one; echo two >&2" });
  const { finished } = await stack.finished(id);
  expect([...logText(finished?.result ?? { logs: [], isTimedOut: false, outputs: {} }).split("\n")].sort()).toEqual([
    "one",
    "two",
  ]);
  expect([...(await linesOf(id))].sort()).toEqual(["one", "two"]);
});
