import { expect, test } from "vitest";
import { liveLogBytesMax } from "../../wire/limits.ts";
import { logAnswerLinesMax, logLineCharsMax } from "../limits.ts";
import { again, heldBy, linesOf, rowsIn as rows, running, TestLog } from "../logs/testLog.ts";
import { TestQueue } from "./testQueue.ts";

test("lines of the build and of the run are told apart, each with cursors of its own", async () => {
  const { agent, job, held, log } = running();
  log.print(agent, held, 0, ["pulling", "pulled"], "docker image pull");
  log.print(agent, held, 2, ["one", "two", "three"]);
  log.print(agent, held, 5, ["pushing"], "docker image push");
  log.print(agent, held, 6, ["four"]);
  expect(await log.all(job, "build")).toEqual(["pulling", "pulled", "pushing"]);
  expect(await log.all(job, "run")).toEqual(["one", "two", "three", "four"]);
  expect(await log.all(job, "run", 2)).toEqual(["three", "four"]);
  expect(await log.all(job, "all", 4)).toEqual(["three", "pushing", "four"]);
  expect(await log.slice(job, { kind: "build", since: 2 })).toMatchObject({ start: 2, next: 3, isOver: false });
});

test("lines that come twice are kept once, and lines that got lost show as a gap", async () => {
  const { queue, agent, job, held, log } = running();
  log.print(agent, held, 0, ["0", "1"]);
  log.print(agent, held, 0, ["0", "1"]);
  log.print(agent, held, 1, ["1", "2"]);
  log.print(agent, held, 5, ["5"]);
  expect(await log.all(job)).toEqual(["0", "1", "2", "...", "5"]);
  expect(rows(queue, "logs")).toBe(3);
});

test("sealed lines leave the rows and are read from their piece", async () => {
  const { queue, agent, job, held, log } = running();
  log.print(agent, held, 0, ["b"], "docker build");
  log.print(agent, held, 1, ["1", "2"]);
  log.print(agent, held, 3, ["3", "4"]);
  log.seal(agent, held, 0, [
    { step: "docker build", lines: linesOf("b") },
    { step: "Running", lines: linesOf("1", "2", "3") },
  ]);
  // The row that the piece has only a part of stays.
  expect([rows(queue, "logs"), rows(queue, "log_pieces")]).toEqual([1, 1]);
  expect(await log.all(job)).toEqual(["1", "2", "3", "4"]);
  expect(await log.all(job, "build")).toEqual(["b"]);
  expect(await log.all(job, "all", 2)).toEqual(["2", "3", "4"]);
});

test("a piece brings back lines that got lost on their way, with their steps", async () => {
  const { agent, job, held, log } = running();
  log.print(agent, held, 3, ["b"], "docker build");
  log.print(agent, held, 4, ["3"]);
  log.seal(agent, held, 0, [{ step: "Running", lines: linesOf("0", "1", "2") }]);
  expect(await log.all(job, "run")).toEqual(["0", "1", "2", "3"]);
  expect(await log.all(job, "build")).toEqual(["b"]);
});

test("a piece may come before its lines, twice, or overlap another", async () => {
  const { queue, agent, job, held, log } = running();
  const piece = [{ step: "Running" as const, lines: linesOf("0", "1", "2") }];
  log.seal(agent, held, 0, piece);
  log.seal(agent, held, 0, piece);
  log.seal(agent, held, 2, piece);
  log.print(agent, held, 0, ["0", "1", "2", "3"]);
  expect(rows(queue, "log_pieces")).toBe(1);
  expect(await log.all(job)).toEqual(["0", "1", "2", "3"]);
});

test("an agent that does not seal keeps its newest lines, and their numbers", async () => {
  const { queue, agent, job, held, log } = running();
  const text = "x".repeat(1000);
  for (let i = 0; i < 40; i++) {
    const texts = Array.from({ length: 100 }, (_, j) => `${i * 100 + j} ${text}`);
    log.print(agent, held, i * 100, texts);
  }
  const [sum] = queue.sql.all("SELECT sum(bytes) AS bytes FROM logs");
  expect(sum?.bytes).toBeLessThanOrEqual(liveLogBytesMax);
  const [gap, first, ...rest] = await log.all(job);
  const start = Number(first?.split(" ")[0]);
  expect([gap, start > 0, rest.length]).toEqual(["...", true, 3999 - start]);
  expect(await log.slice(job, { kind: "run", since: 0 })).toMatchObject({ start });
});

test("an answer is bounded, and its cursor continues", async () => {
  const { agent, job, held, log } = running();
  const texts = Array.from({ length: logAnswerLinesMax + 1 }, (_, i) => `${i}`);
  log.print(agent, held, 0, texts);
  const first = await log.slice(job, { kind: "run", since: 0 });
  expect(first).toMatchObject({ start: 0, next: logAnswerLinesMax, isEnd: false });
  expect(await log.slice(job, { kind: "run", since: first.next })).toMatchObject({ next: texts.length, isEnd: true });
  log.print(
    agent,
    held,
    texts.length,
    Array.from({ length: 40 }, () => "y".repeat(50_000)),
  );
  expect((await log.all(job)).length).toBe(texts.length + 40);
  const large = await log.slice(job, { kind: "run", since: texts.length });
  expect(large.next - large.start).toBeLessThan(30);
});

test("a line that no row could hold is cut, and says so", async () => {
  const { agent, job, held, log } = running();
  log.print(agent, held, 0, ["\u0001".repeat(1_000_000), "next"]);
  const [line = "", next] = await log.all(job);
  expect([line.length <= logLineCharsMax, next]).toEqual([true, "next"]);
  expect(line).toContain("this line is longer");
});

test("a new attempt continues after a visible line; one that printed nothing leaves none", async () => {
  const { queue, agent, job, held, log } = running();
  log.print(agent, held, 0, ["b"], "docker build");
  log.print(agent, held, 1, ["1", "2"]);
  for (const name of ["b", "c", "d"]) {
    agent.disconnect();
    queue.pass(40_000);
    if (name === "c") break;
    const other = queue.agent(name);
    other.sync({ declined: [{ ...heldBy(other), why: "full" }] });
    other.disconnect();
  }
  const last = queue.agent("last");
  const second = heldBy(last);
  log.print(last, second, 0, ["b again"], "docker build");
  log.print(last, second, 1, ["3"]);
  expect(await log.all(job, "all")).toEqual(["b", "1", "2", again, "b again", "3"]);
  expect(await log.all(job, "build")).toEqual(["b", "b again"]);
  log.seal(last, second, 0, [
    { step: "docker build", lines: linesOf("b again") },
    { step: "Running", lines: linesOf("3") },
  ]);
  expect(await log.all(job, "all")).toEqual(["b", "1", "2", again, "b again", "3"]);
});

test("an unknown job's log is empty and not over, also with a cursor", async () => {
  const { queue, log } = running();
  const other = queue.submit("other");
  expect(await log.slice(other, { kind: "run", since: 7 })).toMatchObject({ start: 0, next: 0, isOver: false });
  const never = new TestLog(new TestQueue());
  expect(await never.slice(other, { kind: "run", since: 7 })).toMatchObject({ start: 0, next: 0, isOver: false });
});

test("whoever asks for a running job is sent the lines that no piece has, then each new one", () => {
  const { queue, agent, job, held, log } = running();
  log.print(agent, held, 0, ["b"], "docker build");
  log.print(agent, held, 1, ["1", "2"]);
  log.seal(agent, held, 0, [{ step: "docker build", lines: linesOf("b") }]);
  const client = queue.client();
  client.frames();
  client.send({ type: "QueryJob", payload: { jobId: job } });
  log.print(agent, held, 3, ["3"]);
  const frames = client.frames().filter(({ type }) => type === "JobStatusPayload");
  expect(frames.map(({ payload }) => payload)).toMatchObject([
    { jobId: job, step: "Running", first: 1, at: 0, logs: linesOf("1", "2") },
    { jobId: job, step: "Running", first: 3, at: 2, logs: linesOf("3") },
  ]);
});
