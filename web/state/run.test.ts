import { computed, signal } from "@preact/signals";
import { expect, test } from "vitest";
import type { Job } from "../../wire/job.ts";
import { definitionOf } from "../job/definition.ts";
import { fakeShell } from "../queue/fakeShell.ts";
import { createQueue } from "../queue/queue.ts";
import { readParameters } from "../url/parameters.ts";
import { resolveQueue } from "../url/target.ts";
import type { Browser } from "./browser.ts";
import { createConsent } from "./consent.ts";
import { createRun } from "./run.ts";

interface Setting {
  readonly api?: string;
  readonly embedder?: string;
  readonly stored?: Map<string, string>;
  readonly hash?: string;
  readonly isPermitted?: boolean;
}

function page({
  api = "https://api.example",
  embedder = "",
  stored = new Map(),
  hash = "#?autostart=true",
  isPermitted = false,
}: Setting = {}) {
  const shell = fakeShell();
  const origin = "http://localhost:8000";
  const browser: Browser = {
    clock: shell.clock,
    random: shell.random,
    openWire: shell.open,
    fetch: () => Promise.reject(new Error("no network here")),
    send: () => Promise.reject(new Error("no network here")),
    storage: { get: (key) => stored.get(key), set: (key, value) => stored.set(key, value) },
    origin,
    isFramed: embedder !== "",
    embedder,
    isFramedByOthers: embedder !== "" && embedder !== origin,
  };
  const parameters = signal(readParameters(hash, "").parameters);
  const state = resolveQueue(`${api}/q`, origin);
  if (state.kind !== "target") throw new Error(state.kind);
  const target = signal(state.target);
  const job = signal<object>({ image: "a" });
  const ready = computed(() => {
    const check = definitionOf({ ...job.value }, parameters.value, {}, {});
    return check.ok ? check.value : undefined;
  });
  const queue = createQueue(target, shell, () => {});
  const connection = shell.connections[0];
  if (!connection) throw new Error("no connection");
  connection.open();
  const windows: string[] = [];
  const consent = createConsent(browser, () => {
    windows.push("opened");
    return null;
  });
  const mayStart = signal(true);
  const isPreparing = signal(false);
  const pendingEdit = signal<(() => void) | undefined>(undefined);
  const shown = computed<Job | undefined>(() => queue.jobs.value.get(ready.value?.id ?? ""));
  const run = createRun({
    browser,
    parameters,
    target,
    ready,
    job: shown,
    mayStart,
    isTyping: signal(false),
    isPreparing,
    pendingEdit,
    isPermitted: signal(isPermitted),
    queue,
    consent,
  });
  const sent = () => connection.sent.filter((text) => text !== "PING").map((text) => kindOf(text));
  return {
    shell,
    connection,
    job,
    parameters,
    ready,
    mayStart,
    isPreparing,
    pendingEdit,
    consent,
    run,
    sent,
    windows,
    stored,
  };
}

function kindOf(text: string): string {
  const { type, payload } = JSON.parse(text);
  return type === "QueryJob" ? "query" : `${payload.state}${payload.value.reason ? ` ${payload.value.reason}` : ""}`;
}

test("with autostart, changes in quick succession are one submission of the last", () => {
  const { shell, job, connection, sent, ready } = page();
  for (let i = 0; i < 10; i++) {
    job.value = { image: `a${i}` };
    shell.advance(50);
  }
  expect(sent()).toEqual([]);
  shell.advance(200);
  expect(sent()).toEqual(["query", "Queued"]);
  expect(connection.sent.at(-1)).toContain(ready.value?.id);
});

test("an equal definition is not submitted again, another is", () => {
  const { shell, job, sent } = page();
  shell.advance(200);
  job.value = { image: "a" };
  shell.advance(1000);
  expect(sent()).toEqual(["query", "Queued"]);
  job.value = { image: "b" };
  shell.advance(200);
  expect(sent()).toEqual(["query", "Queued", "query", "Queued"]);
});

test("without autostart a definition is only asked for, and Run submits it", () => {
  const { shell, run, sent } = page({ hash: "" });
  shell.advance(1000);
  expect(sent()).toEqual(["query"]);
  run.press();
  expect(sent()).toEqual(["query", "Queued"]);
});

test("Run takes what was typed a moment ago, and waits until it is stored", async () => {
  const { shell, run, sent, job, isPreparing, pendingEdit, connection, ready } = page({ hash: "" });
  shell.advance(200);
  pendingEdit.value = () => {
    isPreparing.value = true;
  };
  run.press();
  run.press();
  expect(sent()).toEqual(["query"]);
  job.value = { image: "typed" };
  isPreparing.value = false;
  await expect.poll(sent).toEqual(["query", "Queued"]);
  expect(connection.sent.at(-1)).toContain(ready.value?.id);
});

test("autostart waits for the metapage's first inputs", () => {
  const { shell, mayStart, sent, job } = page();
  mayStart.value = false;
  shell.advance(1000);
  expect(sent()).toEqual(["query"]);
  job.value = { image: "b" };
  mayStart.value = true;
  shell.advance(200);
  expect(sent()).toEqual(["query", "query", "Queued"]);
});

test("Run again deletes and submits in one go, Stop cancels in its namespace", () => {
  const control = btoa(JSON.stringify({ namespace: "me" }));
  const { shell, run, sent, connection, ready } = page({ hash: `#?control=${control}` });
  shell.advance(200);
  const id = ready.value?.id ?? "";
  const finished = { queuedTime: 1, state: "Finished", time: 2, worker: "", finishedReason: "Success" };
  connection.receive({ type: "JobStateUpdates", payload: { state: { jobs: { [id]: finished } }, isSubset: true } });
  run.press();
  expect(sent()).toEqual(["query", "Finished Deleted", "Queued"]);
  run.stop();
  expect(sent().at(-1)).toBe("Finished Cancelled");
  expect(connection.sent.slice(-3).every((text) => text.includes('"namespace":"me"'))).toBe(true);
});

test("a run that this browser asked for is its own, also after a reload, and a later run of the same job is not", () => {
  const stored = new Map([["longshore.own", "nonsense"]]);
  const { run, shell, connection, ready } = page({ hash: "", stored });
  shell.advance(200);
  const id = ready.value?.id ?? "";
  const running: Job = { queuedTime: 5, state: "Running", time: 6, worker: "w" };
  expect(run.isOwn(id, running)).toBe(false);
  run.press();
  expect(run.isOwn(id, running)).toBe(true);
  connection.receive({ type: "JobStateUpdates", payload: { state: { jobs: { [id]: running } }, isSubset: true } });
  const reloaded = page({ hash: "", stored }).run;
  expect(reloaded.isOwn(id, running)).toBe(true);
  expect(reloaded.isOwn(id, { ...running, queuedTime: 7 })).toBe(false);
  expect(reloaded.isOwn("other", running)).toBe(false);
});

test("on this machine's queue autostart asks once, and the answer holds for other inputs", () => {
  const stored = new Map<string, string>();
  const first = page({ api: "http://localhost:8000", stored });
  first.shell.advance(200);
  expect(first.sent()).toEqual(["query"]);
  const question = first.consent.question.value;
  if (!question) throw new Error("nothing was asked");
  expect(question.image).toBe("a");
  first.consent.accept(question);
  expect(first.sent()).toEqual(["query", "Queued"]);
  first.job.value = { image: "a", inputs: { x: { type: "utf8", value: "1" } } };
  first.shell.advance(200);
  expect(first.sent()).toEqual(["query", "Queued", "query", "Queued"]);

  const later = page({ api: "http://localhost:8000", stored });
  later.shell.advance(200);
  expect(later.sent()).toEqual(["query", "Queued"]);
  const elsewhere = page({ api: "http://localhost:8000", stored, embedder: "http://localhost:8000" });
  elsewhere.shell.advance(200);
  expect(elsewhere.consent.question.value).toBeDefined();
});

test("a job that is done already is not asked for", () => {
  const { shell, consent, connection, ready } = page({ api: "http://localhost:8000" });
  shell.advance(200);
  expect(consent.question.value).toBeDefined();
  const finished = { queuedTime: 1, state: "Finished", time: 2, worker: "", finishedReason: "Success" };
  const jobs = { [ready.value?.id ?? ""]: finished };
  connection.receive({ type: "JobStateUpdates", payload: { state: { jobs }, isSubset: true } });
  expect(consent.question.value).toBeUndefined();
});

test("Not now is not asked again in this page, and another definition is", () => {
  const { shell, consent, job, sent } = page({ api: "http://localhost:8000" });
  shell.advance(200);
  const question = consent.question.value;
  if (!question) throw new Error("nothing was asked");
  consent.putOff(question);
  job.value = { image: "a", inputs: { x: { type: "utf8", value: "1" } } };
  shell.advance(200);
  expect(consent.question.value).toBeUndefined();
  job.value = { image: "b" };
  shell.advance(200);
  expect(consent.question.value?.image).toBe("b");
  expect(sent()).not.toContain("Queued");
});

test("at top level pressing Run is consent; inside a foreign page it opens a window", () => {
  const top = page({ api: "http://localhost:8000", hash: "" });
  top.shell.advance(200);
  top.run.press();
  expect(top.sent()).toEqual(["query", "Queued"]);
  const framed = page({ api: "http://localhost:8000", hash: "", embedder: "https://foreign.example" });
  framed.shell.advance(200);
  framed.run.press();
  expect(framed.sent()).toEqual(["query"]);
  expect(framed.windows).toEqual(["opened"]);
});

test("a permit is for the definition that came with it", () => {
  const { shell, job, sent, consent } = page({ api: "http://localhost:8000", isPermitted: true });
  shell.advance(200);
  expect(sent()).toEqual(["query", "Queued"]);
  job.value = { image: "other" };
  shell.advance(200);
  expect(consent.question.value?.image).toBe("other");
});
