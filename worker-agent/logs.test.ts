// A job's log from its container to those who read it, on a real engine with a real edge.

import { connect, createServer, type Socket } from "node:net";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { LogAnswer, paths } from "../wire/http.ts";
import type { JobId } from "../wire/ids.ts";
import type { RunningAgent } from "./agent.ts";
import { containersOf, docker, leftOf } from "./testEngine.ts";
import { kill, logText, type Stack, startStack, until } from "./testStack.ts";

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

/** Every line, answer by answer, without a gap. */
async function readLog(id: JobId, line: (text: string) => void, queue = stack.queue): Promise<void> {
  for (let cursor = 0; ; ) {
    const { data, sliceStart, nextCursor, isFinal } = await answer(id, cursor, queue);
    expect(sliceStart).toBe(cursor);
    for (const [text] of data) line(text);
    cursor = nextCursor;
    if (isFinal) return;
    if (data.length === 0) throw new Error(`The log has no end: ${cursor} lines were read.`);
  }
}

async function answer(id: JobId, cursor: number, queue = stack.queue): Promise<LogAnswer> {
  const response = await stack.fetch(paths.logs(queue, id, "run", cursor));
  return v.parse(LogAnswer, await response.json());
}

async function linesOf(id: JobId, queue = stack.queue): Promise<readonly string[]> {
  const lines: string[] = [];
  await readLog(id, (text) => lines.push(text), queue);
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

test("a flood while the control plane is killed and started again is whole", async () => {
  const count = 200_000;
  const print = `BEGIN { for (i = 1; i <= ${count}; i++) { printf "%099d\\n", i; if (i % 20000 == 0) { fflush(); system("sleep 0.2") } } }`;
  const id = await stack.submit({ command: ["awk", print] });
  await until(
    "there are lines",
    () => answer(id, 0),
    ({ data }) => data.length > 0,
  );
  await stack.stopEdge();
  await stack.startEdge();
  await stack.finished(id);
  const read = await linesOf(id);
  expect(read.length).toBe(count);
  expect(read.findIndex((text, index) => Number(text) !== index + 1)).toBe(-1);
});

test("a short log is in the result alone, with the steps it comes from", async () => {
  const id = await stack.submit({ command: "echo one; echo two >&2" });
  const { finished } = await stack.finished(id);
  const logs = (finished?.result?.logs ?? []).map(([text]) => text);
  expect(logs.sort()).toEqual(["one", "two"]);
  expect([...(await linesOf(id))].sort()).toEqual(["one", "two"]);
});

describe("whatever is printed", () => {
  const kinds: readonly (readonly [what: string, command: string, lines: readonly (string | RegExp)[]])[] = [
    ["bytes that are no text", "head -c 2000 /dev/urandom; printf '\\nend\\n'", [/./s, "end"]],
    ["NUL and control characters", "printf 'a\\0b\\033[31mred\\033[0m\\n'", ["a\0b\u001b[31mred\u001b[0m"]],
    ["a progress bar", "for i in 1 2 3; do printf \"\\r$i of 3\"; done; printf '\\ndone\\n'", ["3 of 3", "done"]],
    ["empty lines", "printf '\\n\\n\\n'", ["", "", ""]],
    ["ends of Windows", "printf 'a\\r\\nb\\r\\n'", ["a", "b"]],
  ];
  test.each(kinds)("%s can be read", async (_what, command, lines) => {
    const id = await stack.submit({ command: ["sh", "-c", command] });
    await stack.finished(id);
    const read = await linesOf(id);
    expect(read.slice(-lines.length)).toEqual(
      lines.map((line) => (typeof line === "string" ? line : expect.stringMatching(line))),
    );
  });

  test("a line of 1 MB comes whole, in parts", async () => {
    const id = await stack.submit({ command: "head -c 1000000 /dev/zero | tr '\\0' x; echo; echo end" });
    const { finished } = await stack.finished(id);
    const read = await linesOf(id);
    expect(read.at(-1)).toBe("end");
    expect(read.slice(0, -1).join("")).toBe("x".repeat(1_000_000));
    expect(logText(finished?.result ?? { logs: [], isTimedOut: false, outputs: {} })).toMatch(/this line is longer/);
  });
});

/** The way to the edge for an agent: it can be cut. */
async function cuttable(port: number) {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("error", () => {}).on("close", () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
    sockets.clear();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return { api: `http://localhost:${address.port}`, cut };
}

describe("an agent of its own", () => {
  test("whose connection breaks again and again tells every line once, while the job runs", async () => {
    const { api, cut } = await cuttable(Number(new URL(stack.api).port));
    const queue = `cut-${crypto.randomUUID()}`;
    const other = await stack.agent({ queues: [queue], api, dataDir: await stack.folder() });
    const count = 400;
    const command = `for i in $(seq 1 ${count}); do echo line $i; sleep 0.01; done; until [ -e /tmp/go ]; do sleep 0.05; done`;
    const id = await stack.submit({ command }, queue);
    await stack.running(id, queue);
    const read = async () => (await answer(id, 0, queue)).data.map(([text]) => text);
    const expected = Array.from({ length: count }, (_, i) => `line ${i + 1}`);
    for (let cuts = 0, seen = 0; cuts < 5; cuts += 1) {
      const lines = await until("more lines are there", read, ({ length }) => length > seen);
      expect(lines).toEqual(expected.slice(0, lines.length));
      seen = lines.length;
      cut();
    }
    await until("every line is there", read, ({ length }) => length >= count);
    expect(await read()).toEqual(expected);
    for (const container of await containersOf(id)) await docker("exec", container, "touch", "/tmp/go");
    expect((await stack.finished(id, queue)).finished?.reason).toBe("Success");
    await other.stop({ drain: false });
    expect(await leftOf(other.id)).toEqual([]);
  });

  test("that is killed and started again goes on behind what it had stored", async () => {
    const dataDir = await stack.folder();
    await agent.stop({ drain: false });
    const first = stack.agentProcess(dataDir);
    const line = (number: number) => `${number} ${"x".repeat(90)}`;
    const count = 25_000;
    const print = (from: number, to: number) =>
      `BEGIN { for (i = ${from}; i <= ${to}; i++) printf "%d ${"x".repeat(90)}\\n", i }`;
    const command = `awk '${print(1, count)}'; until [ -e /tmp/go ]; do sleep 0.05; done; awk '${print(count + 1, count + 10)}'`;
    const id = await stack.submit({ command: ["sh", "-c", command] });
    await stack.running(id);
    await until(
      "the lines are there",
      () => answer(id, count - 1),
      ({ nextCursor }) => nextCursor >= count,
    );
    await kill(first);
    const [container = ""] = await containersOf(id);
    await docker("exec", container, "touch", "/tmp/go");
    stack.agentProcess(dataDir);
    await stack.finished(id);
    const read = await linesOf(id);
    expect(read.length).toBe(count + 10);
    expect(read.findIndex((text, index) => text !== line(index + 1))).toBe(-1);
  });

  test("that gives a job back is followed by another, behind a line that says so", async () => {
    const queue = `again-${crypto.randomUUID()}`;
    const first = await stack.agent({ queues: [queue], dataDir: await stack.folder() });
    const id = await stack.submit({ command: "echo one; until [ -e /tmp/go ]; do sleep 0.1; done; echo two" }, queue);
    await until(
      "the first line is there",
      () => answer(id, 0, queue),
      ({ data }) => data.length === 1,
    );
    await first.stop({ drain: false });
    const second = await stack.agent({ queues: [queue], dataDir: await stack.folder() });
    await stack.running(id, queue);
    for (const container of await containersOf(id)) await docker("exec", container, "touch", "/tmp/go");
    await stack.finished(id, queue);
    const divider = "\u2014 started again on another agent \u2014";
    expect(await linesOf(id, queue)).toEqual(["one", divider, "one", "two"]);
    await second.stop({ drain: false });
  });
});
