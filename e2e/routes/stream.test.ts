import { describe, expect, test } from "vitest";
import { paths } from "../../wire/http.ts";
import { EventStream } from "../clients/eventStream.ts";
import { linesOf, numbered, print, printAll, readLog, seal } from "../clients/jobLog.ts";
import { checked, idOf, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { newIdentity, resultWith, TestAgent } from "../clients/testAgent.ts";
import { TestClient } from "../clients/testClient.ts";
import { until } from "../clients/until.ts";
import { hibernationMs, streamClosedMs } from "../limits.ts";
import { startCloudflareShell } from "../shells/cloudflareShell.ts";
import type { Shell } from "../shells/shell.ts";
import { onEveryShell, startedShell } from "./everyShell.ts";

const again = "\u2014 started again on another agent \u2014";

async function running(shell: Shell) {
  const api = new QueueApi(shell);
  const agent = await TestAgent.connect(api);
  const { jobId } = await api.submit(uniqueDefinition());
  return { api, agent, jobId, start: await agent.started(jobId) };
}

onEveryShell((shell) => {
  test("a job is followed from before it is submitted to its end", async () => {
    const api = new QueueApi(shell());
    const definition = uniqueDefinition();
    const stream = await EventStream.open(api, idOf(definition));
    expect(stream.response).toMatchObject({
      statusCode: 200,
      headers: { "content-type": "text/event-stream", "cache-control": "no-cache" },
    });
    expect((await api.submit(definition)).jobId).toBe(idOf(definition));
    expect(await stream.find("state")).toMatchObject({ data: { state: "Queued" } });
    const agent = await TestAgent.connect(api);
    const start = await agent.started(idOf(definition));
    print(agent, start, 0, ["pulled"], "docker image pull");
    await stream.line("pulled");
    print(agent, start, 1, ["one"]);
    print(agent, start, 2, ["two"]);
    await stream.line("two");
    const logs = linesOf(["pulled", "one", "two"]);
    await agent.finish(start, {
      result: { ...resultWith({}), logs, logSteps: [["docker image pull", 1]] },
      logLines: 3,
    });
    expect(await stream.whole()).toMatchObject([
      { event: "state", data: { state: "Queued" }, id: "0" },
      { event: "state", data: { state: "Running" }, id: "0" },
      { event: "build-log", data: { lines: [["pulled", 1]], cursor: 1 }, id: "1" },
      { event: "run-log", data: { lines: [["one", 1]], cursor: 1 }, id: "2" },
      { event: "run-log", data: { lines: [["two", 1]], cursor: 2 }, id: "3" },
      { event: "state", data: { state: "Finished", reason: "Success" }, id: "3" },
      { event: "final", data: { state: "Finished", reason: "Success" } },
    ]);
  });

  test("events come as they happen", async () => {
    const { api, agent, jobId, start } = await running(shell());
    const stream = await EventStream.open(api, jobId);
    await stream.find("state");
    const delays: number[] = [];
    for (let i = 0; i < 10; i++) {
      const began = performance.now();
      print(agent, start, i, [`line ${i}`]);
      await stream.line(`line ${i}`);
      delays.push(performance.now() - began);
    }
    stream.close();
    expect(delays.toSorted((a, b) => a - b)[4]).toBeLessThan(100);
  });

  test("a finished job's stream is its whole history and its end, at once", async () => {
    const { api, agent, jobId, start } = await running(shell());
    const logs = linesOf(["b", "1", "2"]);
    await agent.finish(start, { result: { ...resultWith({}), logs, logSteps: [["docker build", 1]] }, logLines: 3 });
    await api.finished(jobId);
    const stream = await EventStream.open(api, jobId);
    await stream.whole();
    expect(stream.names()).toEqual(["build-log", "run-log", "state", "final"]);
    expect(stream.texts()).toEqual(["b", "1", "2"]);
  });

  test("Last-Event-ID goes on where a reader was cut off, and ends one that has seen the end", async () => {
    const { api, agent, jobId, start } = await running(shell());
    const early = await EventStream.open(api, jobId);
    print(agent, start, 0, ["b"], "docker build");
    print(agent, start, 1, ["1", "2"]);
    const { id } = await early.line("2");
    early.close();
    print(agent, start, 3, ["3"]);
    await agent.sync();
    const late = await EventStream.open(api, jobId, { lastEventId: id });
    await late.line("3");
    await agent.finish(start, { result: { ...resultWith({}), logs: [] } });
    const end = (await late.whole()).at(-1);
    expect(late.texts()).toEqual(["3"]);
    expect(late.names()).toEqual(["run-log", "state", "state", "final"]);
    const after = await EventStream.open(api, jobId, { lastEventId: end?.id ?? "" });
    expect([end?.event, after.response.statusCode]).toEqual(["final", 204]);
    const between = await EventStream.open(api, jobId, { lastEventId: id });
    await between.whole();
    expect(between.names()).toEqual(["run-log", "state", "final"]);
  });

  test("a reader goes on across a crash of the server, and misses nothing", async () => {
    const { api, agent, jobId, start } = await running(shell());
    const before = await EventStream.open(api, jobId);
    print(agent, start, 0, ["1"]);
    const { id } = await before.line("1");
    print(agent, start, 1, ["2"]);
    await agent.sync();
    await shell().restart("kill");
    await before.whole();
    const after = await EventStream.open(api, jobId, { lastEventId: id });
    await after.line("2");
    const back = await TestAgent.connect(api, { identity: agent.identity, held: [start] });
    print(back, start, 2, ["3"]);
    await after.line("3");
    after.close();
    expect(after.texts()).toEqual(["2", "3"]);
  });

  test("two attempts are one stream, with a visible line between them", async () => {
    const api = new QueueApi(shell());
    const identity = newIdentity();
    const first = await TestAgent.connect(api, { identity });
    const { jobId } = await api.submit(uniqueDefinition());
    const stream = await EventStream.open(api, jobId);
    print(first, await first.started(jobId), 0, ["one"]);
    await stream.line("one");
    first.socket.terminate();
    const second = await TestAgent.connect(api, { identity: { ...identity, boot: "another" } });
    const start = await second.started(jobId);
    print(second, start, 0, ["two"]);
    await stream.line("two");
    await second.finish(start, { result: { ...resultWith({}), logs: linesOf(["two", "three"]) }, logLines: 2 });
    await stream.whole();
    expect(stream.texts()).toEqual(["one", again, "two", "three"]);
    const late = await EventStream.open(api, jobId);
    await late.whole();
    expect(late.texts()).toEqual(["one", again, "two", "three"]);
  });

  test("a cancelled and a deleted job end their streams", async () => {
    const { api, jobId } = await running(shell());
    const stream = await EventStream.open(api, jobId);
    await stream.find("state");
    await api.cancel(jobId);
    expect((await stream.whole()).at(-1)).toMatchObject({ event: "final", data: { reason: "Cancelled" } });
    const definition = uniqueDefinition();
    await api.submit(definition);
    const other = await EventStream.open(api, checked(definition).id);
    await other.find("state");
    const client = await TestClient.connect(api);
    client.end(checked(definition).id, "Deleted");
    expect((await other.whole()).at(-1)).toMatchObject({ event: "final", data: { reason: "Deleted" } });
  });

  test("100,000 lines reach those who follow and those who come late, each line once", async () => {
    const { api, agent, jobId, start } = await running(shell());
    const texts = numbered(100_000);
    const follower = await EventStream.open(api, jobId);
    await follower.find("state");
    for (let i = 0; i < texts.length; i += 25_000) {
      const part = texts.slice(i, i + 25_000);
      printAll(agent, start, i, part);
      await seal(api, agent, start, i, [{ step: "Running", lines: linesOf(part) }]);
    }
    const late = await EventStream.open(api, jobId);
    await agent.finish(start, { result: { ...resultWith({}), logs: [] } });
    const later = await EventStream.open(api, jobId);
    for (const stream of [follower, late, later]) {
      await stream.whole(30_000);
      expect(stream.texts("run-log")).toEqual(texts);
    }
  }, 60_000);

  test("a reader that is slow holds nobody up, and gets every line when it reads", async () => {
    const { api, agent, jobId, start } = await running(shell());
    const slow = await EventStream.open(api, jobId, { read: false });
    const text = "x".repeat(500);
    for (let i = 0; i < 10; i++) {
      const part = numbered(1_500, `${i} ${text}`);
      print(agent, start, i * 1_500, part);
      await seal(api, agent, start, i * 1_500, [{ step: "Running", lines: linesOf(part) }]);
    }
    await agent.sync();
    expect((await readLog(api, jobId, "run")).texts.length).toBe(15_000);
    await api.cancel(jobId);
    slow.read();
    await slow.whole(30_000);
    expect(slow.texts()).toEqual(Array.from({ length: 10 }, (_, i) => numbered(1_500, `${i} ${text}`)).flat());
    expect(slow.names().slice(-2)).toEqual(["state", "final"]);
  }, 60_000);

  test("a connection that is closed is no client any more", { timeout: 60_000 }, async () => {
    const api = new QueueApi(shell());
    const { jobId } = await api.submit(uniqueDefinition());
    const streams = await Promise.all([1, 2, 3].map(() => EventStream.open(api, jobId)));
    for (const stream of streams) await stream.find("state");
    expect((await api.status()).clientCount).toBe(3);
    for (const stream of streams) stream.close();
    await until(
      "no clients",
      () => api.status(),
      ({ clientCount }) => clientCount === 0,
      streamClosedMs,
    );
  });

  test("HEAD answers with the headers alone, and a bad id is a 400", async () => {
    const api = new QueueApi(shell());
    const id = idOf(uniqueDefinition());
    const head = await api.request(paths.stream(api.queue, id), { method: "HEAD" });
    expect([head.status, head.headers.get("content-type"), await head.text()]).toEqual([200, "text/event-stream", ""]);
    expect((await api.status()).clientCount).toBe(0);
    const bad = await api.request(`/q/${api.queue}/j/nothing/stream`);
    expect([bad.status, await bad.json()]).toEqual([400, { error: expect.stringContaining("64") }]);
  });
});

describe.runIf(process.platform === "linux")("a Cloudflare shell that nobody talks to", () => {
  const shell = startedShell(() => startCloudflareShell());

  test("a stream stays open while the queue sleeps, and goes on when it wakes", { timeout: 120_000 }, async () => {
    const api = new QueueApi(shell());
    const { jobId } = await api.submit(uniqueDefinition());
    const stream = await EventStream.open(api, jobId);
    await stream.find("state");
    await until(
      "the queue to sleep",
      () => shell().awake(),
      (awake) => awake === 0,
      hibernationMs,
    );
    await api.cancel(jobId);
    expect(await stream.whole()).toMatchObject([
      { event: "state", data: { state: "Queued" } },
      { event: "state", data: { state: "Finished", reason: "Cancelled" } },
      { event: "final", data: { state: "Finished", reason: "Cancelled" } },
    ]);
  });
});
