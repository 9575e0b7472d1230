import { expect, test } from "vitest";
import { paths } from "../../wire/http.ts";
import { logPieceBytes } from "../../wire/limits.ts";
import { linesOf, logAnswer, numbered, print, printAll, readLog, seal, upload } from "../clients/jobLog.ts";
import { idOf, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { newIdentity, resultWith, TestAgent } from "../clients/testAgent.ts";
import { until } from "../clients/until.ts";
import type { Shell } from "../shells/shell.ts";
import { onEveryShell } from "./everyShell.ts";

const answerLinesMax = 10_000;
const again = "\u2014 started again on another agent \u2014";

async function running(shell: Shell) {
  const api = new QueueApi(shell);
  const agent = await TestAgent.connect(api);
  const { jobId } = await api.submit(uniqueDefinition());
  return { api, agent, jobId, start: await agent.started(jobId) };
}

/** Everything that the agent has sent is there. */
async function arrived(agent: TestAgent): Promise<void> {
  await agent.sync();
}

onEveryShell((shell) => {
  test("build and run logs are read apart, each with a cursor that continues", async () => {
    const { api, agent, jobId, start } = await running(shell());
    print(agent, start, 0, ["pulling", "pulled"], "docker image pull");
    agent.socket.send({
      type: "logs",
      ...{ job: start.job, attempt: start.attempt, step: "Running", first: 2 },
      lines: [
        ["out", 5],
        ["err", 6, true],
      ],
    });
    await arrived(agent);
    expect(await logAnswer(api, paths.logs(api.queue, jobId, "run"))).toEqual({
      data: [
        ["out", 5],
        ["err", 6, true],
      ],
      sliceStart: 0,
      nextCursor: 2,
      isFinal: false,
    });
    const build = await logAnswer(api, paths.logs(api.queue, jobId, "build", 1));
    expect(build).toEqual({ data: [["pulled", 1]], sliceStart: 1, nextCursor: 2, isFinal: false });
    const end = await logAnswer(api, paths.logs(api.queue, jobId, "build", 2));
    expect(end).toEqual({ data: [], sliceStart: 2, nextCursor: 2, isFinal: false });
  });

  test("`since` is floored and never below 0, and anything but a number is a 400", async () => {
    const { api, agent, jobId, start } = await running(shell());
    print(agent, start, 0, ["0", "1", "2"]);
    await arrived(agent);
    const at = async (since: string) =>
      (await logAnswer(api, `${paths.job(api.queue, jobId)}/run-logs.json${since}`)).sliceStart;
    expect([await at(""), await at("?since=1.9"), await at("?since=-5"), await at("?since=1e0")]).toEqual([0, 1, 0, 1]);
    for (const path of [`${paths.job(api.queue, jobId)}/build-logs.json`, `/j/${jobId}/run-logs.json`]) {
      const refused = await api.request(`${path}?since=x`);
      expect([refused.status, await refused.json()]).toEqual([400, { error: "`since` must be a number" }]);
    }
  });

  test("an unknown job's log is empty, and not final", async () => {
    const api = new QueueApi(shell());
    const id = idOf(uniqueDefinition());
    const empty = { data: [], sliceStart: 0, nextCursor: 0, isFinal: false };
    for (const kind of ["build", "run"] as const) {
      expect(await logAnswer(api, paths.logs(api.queue, id, kind))).toEqual(empty);
      expect(await logAnswer(api, `/j/${id}/${kind}-logs.json`)).toEqual(empty);
    }
    expect(await api.list()).toEqual({});
  });

  test("without the queue's name only the log of a finished job is read", async () => {
    const { api, agent, jobId, start } = await running(shell());
    print(agent, start, 0, ["b"], "docker build");
    print(agent, start, 1, ["1"]);
    await arrived(agent);
    expect((await logAnswer(api, `/j/${jobId}/run-logs.json`)).data).toEqual([]);
    const logs = linesOf(["b", "1", "2"]);
    await agent.finish(start, { result: { ...resultWith({}), logs, logSteps: [["docker build", 1]] }, logLines: 3 });
    await api.finished(jobId);
    for (const scoped of [true, false]) {
      expect(await readLog(api, jobId, "build", { scoped })).toMatchObject({ texts: ["b"], isFinal: true });
      expect(await readLog(api, jobId, "run", { scoped })).toMatchObject({ texts: ["1", "2"], isFinal: true });
    }
  });

  test("a log larger than its result is read whole, while the job runs and after", async () => {
    const { api, agent, jobId, start } = await running(shell());
    const texts = numbered(30_000, "a line of some length, as programs print them, number");
    printAll(agent, start, 0, texts.slice(0, 20_000));
    await seal(api, agent, start, 0, [{ step: "Running", lines: linesOf(texts.slice(0, 15_000)) }]);
    await arrived(agent);
    expect((await readLog(api, jobId, "run")).texts).toEqual(texts.slice(0, 20_000));
    printAll(agent, start, 20_000, texts.slice(20_000));
    const logs = linesOf([...texts.slice(0, 100), "\u2014 29800 lines are left out here \u2014", ...texts.slice(-100)]);
    await agent.finish(start, { result: { ...resultWith({}), logs } });
    await api.finished(jobId);
    for (const scoped of [true, false]) {
      // What is stored for `/j/:id` may come a moment after the end.
      const read = await until(
        "the log",
        () => readLog(api, jobId, "run", { scoped }),
        ({ isFinal }) => isFinal,
      );
      expect(read.texts).toEqual(texts);
    }
    expect((await readLog(api, jobId, "run", { since: 29_000 })).texts).toEqual(texts.slice(29_000));
  });

  test("a new attempt continues after a visible line", async () => {
    const api = new QueueApi(shell());
    const identity = newIdentity();
    const first = await TestAgent.connect(api, { identity });
    const { jobId } = await api.submit(uniqueDefinition());
    print(first, await first.started(jobId), 0, ["b"], "docker build");
    print(first, await first.started(jobId), 1, ["one"]);
    await arrived(first);
    first.socket.terminate();
    // Its process died, and its containers with it.
    const second = await TestAgent.connect(api, { identity: { ...identity, boot: "another" } });
    const start = await second.started(jobId);
    print(second, start, 0, ["two"]);
    await arrived(second);
    expect((await readLog(api, jobId, "run")).texts).toEqual(["one", again, "two"]);
    await second.finish(start, { result: { ...resultWith({}), logs: linesOf(["two", "three"]) }, logLines: 2 });
    await api.finished(jobId);
    for (const scoped of [true, false]) {
      const read = await until(
        "the log",
        () => readLog(api, jobId, "run", { scoped }),
        ({ isFinal }) => isFinal,
      );
      expect(read.texts).toEqual(["one", again, "two", "three"]);
      expect((await readLog(api, jobId, "build", { scoped })).texts).toEqual(["b"]);
    }
  });

  test("100,000 sealed lines are all there, in answers of a limited size", async () => {
    const { api, agent, jobId, start } = await running(shell());
    const texts = numbered(100_000);
    for (let i = 0; i < texts.length; i += 25_000) {
      const part = texts.slice(i, i + 25_000);
      expect(JSON.stringify(linesOf(part)).length).toBeLessThan(logPieceBytes);
      printAll(agent, start, i, part);
      await seal(api, agent, start, i, [{ step: "Running", lines: linesOf(part) }]);
    }
    await arrived(agent);
    const live = await readLog(api, jobId, "run");
    expect(live.texts).toEqual(texts);
    expect(live.answers).toBeLessThanOrEqual(1 + texts.length / answerLinesMax);
    await api.cancel(jobId);
    const kept = await readLog(api, jobId, "run", { since: 50_000 });
    expect(kept).toMatchObject({ start: 50_000, isFinal: true });
    expect(kept.texts).toEqual(texts.slice(50_000));
  }, 60_000);

  test("of 200,000 lines that nobody seals the newest are there, and the answer says where they begin", async () => {
    const { api, agent, jobId, start } = await running(shell());
    const texts = numbered(200_000);
    printAll(agent, start, 0, texts);
    await arrived(agent);
    const live = await readLog(api, jobId, "run");
    expect(live.start).toBeGreaterThan(0);
    expect(live.start).toBeLessThan(150_000);
    expect(live.texts).toEqual(texts.slice(live.start));
  }, 60_000);

  test("a cancelled job's log can still be read", async () => {
    const { api, agent, jobId, start } = await running(shell());
    print(agent, start, 0, ["before"]);
    await arrived(agent);
    await api.cancel(jobId);
    print(agent, start, 1, ["too late"]);
    await arrived(agent);
    for (const scoped of [true, false]) {
      const read = await until(
        "the log",
        () => readLog(api, jobId, "run", { scoped }),
        ({ isFinal }) => isFinal,
      );
      expect(read.texts).toEqual(["before"]);
    }
  });

  test("the log of a job whose result is a blob of its own is read from there", async () => {
    const { api, agent, jobId, start } = await running(shell());
    const texts = numbered(3_000);
    const result = { ...resultWith({}), logs: linesOf(["b", ...texts]), logSteps: [["docker build", 1]] };
    const bytes = new TextEncoder().encode(JSON.stringify(result));
    const resultRef = { hash: await upload(api, bytes), size: bytes.length };
    print(agent, start, 0, ["b"], "docker build");
    const { job, attempt } = start;
    const finish = { job, attempt, reason: "Success", statusCode: 0, resultRef, logLines: 3_001 };
    agent.socket.send({ type: "sync", revision: 1e6, holds: [], finished: [finish], declined: [] });
    await api.finished(jobId);
    for (const scoped of [true, false]) {
      expect((await readLog(api, jobId, "build", { scoped })).texts).toEqual(["b"]);
      expect((await readLog(api, jobId, "run", { scoped })).texts).toEqual(texts);
    }
  });

  test("a piece that is not what it should be is a gap, and no error", async () => {
    const { api, agent, jobId, start } = await running(shell());
    const { job, attempt } = start;
    const bytes = new TextEncoder().encode("this is no log");
    const hash = await upload(api, bytes);
    const sealed = { type: "sealed", job, attempt, build: 0 };
    agent.socket.send({ ...sealed, first: 0, count: 3, hash, size: bytes.length });
    agent.socket.send({ ...sealed, first: 3, count: 2, hash: "a".repeat(64), size: 100 });
    print(agent, start, 5, ["5"]);
    await arrived(agent);
    expect(await readLog(api, jobId, "run")).toMatchObject({ texts: ["5"], start: 5 });
  });

  test("what an agent has printed is there after a crash of the server", async () => {
    const { api, agent, jobId, start } = await running(shell());
    print(agent, start, 0, ["1", "2"]);
    await seal(api, agent, start, 0, [{ step: "Running", lines: linesOf(["1"]) }]);
    await arrived(agent);
    await shell().restart("kill");
    expect((await readLog(api, jobId, "run")).texts).toEqual(["1", "2"]);
  });
});
