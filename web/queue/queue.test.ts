import { signal } from "@preact/signals";
import * as v from "valibot";
import { expect, test } from "vitest";
import { ClientMessage } from "../../wire/clientMessages.ts";
import { checkDefinition } from "../../wire/definition.ts";
import { defaultNamespace } from "../../wire/ids.ts";
import type { QueueTarget } from "../url/target.ts";
import { resolveQueue } from "../url/target.ts";
import { isAnswered } from "./asked.ts";
import { fakeShell } from "./fakeShell.ts";
import { frames, parseFrame } from "./frames.ts";
import { createQueue } from "./queue.ts";

function targetOf(url: string): QueueTarget {
  const state = resolveQueue(url, "https://longshore.example");
  if (state.kind !== "target") throw new Error(state.kind);
  return state.target;
}

const check = checkDefinition({ image: "a" });
if (!check.ok) throw new Error(check.error);
const ready = { ...check.value, raw: { image: "a" }, template: { image: "a" } };
const { id } = ready;
const job = { queuedTime: 1, state: "Queued", time: 1, worker: "" } as const;
const update = (jobs: object) => ({ type: "JobStateUpdates", payload: { state: { jobs }, isSubset: true } });
const snapshot = (jobs: object) => ({ type: "JobStates", payload: { state: { jobs }, isSubset: false } });

function started() {
  const shell = fakeShell();
  const target = signal<QueueTarget | undefined>(targetOf("http://api.example/a b"));
  const lines: unknown[] = [];
  const queue = createQueue(target, shell, (logs) => lines.push(logs));
  const last = () => {
    const connection = shell.connections.at(-1);
    if (!connection) throw new Error("nothing was opened");
    return connection;
  };
  return { shell, target, queue, lines, last };
}

test("the frames are those of the wire", () => {
  const texts = [
    frames.submit(ready, undefined, false, 1),
    frames.submit(ready, { namespace: defaultNamespace }, true, 1),
    frames.cancel(id, defaultNamespace, 1),
    frames.delete(id, defaultNamespace, 1),
    frames.query(id),
  ];
  for (const text of texts) expect(v.safeParse(ClientMessage, JSON.parse(text)).success, text).toBe(true);
  expect(JSON.parse(texts[0] ?? "")).toMatchObject({
    payload: { value: { enqueued: { id, definition: { image: "a" }, control: { namespace: "_" } } } },
  });
});

test.each(["PONG x", "{", "null", '{"type":"Later","payload":{}}', '{"type":"JobStates"}'])(
  "the frame %s is ignored",
  (text) => {
    expect(parseFrame(text)).toBeUndefined();
  },
);

test("it connects to the queue's socket, greets, and pings five seconds after each answer", () => {
  const { shell, queue, last } = started();
  expect(last().url).toBe("ws://api.example/q/a%20b/client");
  expect(queue.connection.value.kind).toBe("connecting");
  last().open();
  expect(queue.connection.value.kind).toBe("open");
  expect(last().sent).toEqual(["PING"]);
  last().receive("PONG");
  shell.advance(4_999);
  expect(last().sent).toHaveLength(1);
  shell.advance(1);
  expect(last().sent).toEqual(["PING", "PING"]);
});

test("a socket that does not answer is given up after ten seconds, one that does not open as well", () => {
  const { shell, queue, last } = started();
  shell.advance(10_000);
  expect(queue.connection.value.kind).toBe("offline");
  shell.advance(250);
  last().open();
  const [, second] = shell.connections;
  shell.advance(10_000);
  expect(second?.isClosed()).toBe(true);
  expect(queue.connection.value.kind).toBe("offline");
});

test("it comes back with growing waits of at most five seconds, and at once when asked", () => {
  const { shell, queue, last } = started();
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    last().drop();
    const state = queue.connection.value;
    if (state.kind !== "offline") throw new Error(state.kind);
    waits.push(state.retryAt - shell.clock.now());
    shell.advance(state.retryAt - shell.clock.now());
  }
  expect(waits).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
  last().drop();
  queue.retryNow();
  expect(queue.connection.value.kind).toBe("connecting");
});

test("what has no answer is sent again after a reconnect, what has one is not", () => {
  const { shell, queue, last } = started();
  const text = frames.submit(ready, undefined, false, 1);
  queue.watch(id);
  queue.ask(id, { kind: "run", frames: [text], at: 1, before: undefined });
  last().open();
  expect(last().sent).toEqual(["PING", text, frames.query(id)]);
  last().drop();
  shell.advance(5_000);
  last().open();
  expect(last().sent).toContain(text);
  last().receive(update({ [id]: job }));
  expect(queue.asked.value.size).toBe(0);
  last().drop();
  shell.advance(5_000);
  last().open();
  expect(last().sent).toEqual(["PING", frames.query(id)]);
});

test("a refusal answers, and is told", () => {
  const { queue, last } = started();
  last().open();
  queue.ask(id, { kind: "run", frames: ["x"], at: 1, before: undefined });
  last().receive({
    type: "Refused",
    payload: { jobId: id, code: "full", error: "The queue is full.", retryAfterMs: 1000 },
  });
  expect(queue.asked.value.size).toBe(0);
  expect(queue.refusals.value.get(id)?.error).toBe("The queue is full.");
  queue.ask(id, { kind: "run", frames: ["x"], at: 1, before: undefined });
  expect(queue.refusals.value.size).toBe(0);
});

test("a snapshot replaces the list, updates change it, but the finished job in view stays", () => {
  const { queue, last } = started();
  const other = "b".repeat(64);
  const finished = { ...job, state: "Finished", finishedReason: "Success" };
  last().open();
  queue.watch(id);
  last().receive(snapshot({ [other]: job }));
  last().receive(update({ [id]: finished }));
  expect([...queue.jobs.value.keys()]).toEqual([other, id]);
  last().receive(snapshot({}));
  expect([...queue.jobs.value.keys()]).toEqual([id]);
  last().receive(update({ [id]: { ...job, state: "Removed" } }));
  expect(queue.jobs.value.size).toBe(0);
});

test("another queue is another socket, and nothing of the former stays", () => {
  const { shell, target, queue, last } = started();
  last().open();
  last().receive({ type: "Workers", payload: { workers: [] } });
  last().receive(snapshot({ [id]: job }));
  target.value = targetOf("http://api.example/other");
  expect(shell.connections[0]?.isClosed()).toBe(true);
  expect(last().url).toBe("ws://api.example/q/other/client");
  expect(queue.jobs.value.size).toBe(0);
  expect(queue.agents.value).toBeUndefined();
  target.value = undefined;
  expect(queue.connection.value.kind).toBe("none");
});

const asked = { frames: [], at: 0, before: 1 };
const done = { ...job, state: "Finished", finishedReason: "Success" } as const;
test.each([
  ["run", job, false, true],
  ["run", done, true, true],
  ["run", { ...done, finishedReason: "Cancelled" } as const, true, false],
  ["run", { ...done, finishedReason: "Cancelled" } as const, false, true],
  ["run", undefined, true, false],
  ["again", done, false, false],
  ["again", { ...done, finishedReason: "Deleted" } as const, false, false],
  ["again", { ...job, queuedTime: 2 }, false, true],
  ["stop", job, false, false],
  ["stop", done, false, true],
  ["stop", undefined, false, false],
  ["stop", undefined, true, true],
] as const)("%s: %j (snapshot %s) answers: %s", (kind, shown, isSnapshot, answers) => {
  expect(isAnswered({ ...asked, kind }, shown, isSnapshot)).toBe(answers);
});
