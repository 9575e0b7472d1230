import { expect, test } from "vitest";
import { again, heldBy, linesOf, rowsIn as rows, running, TestLog } from "../logs/testLog.ts";
import { TestQueue } from "./testQueue.ts";

const dayMs = 24 * 60 * 60 * 1000;

test("a result with the whole log takes the place of all rows", async () => {
  const { queue, agent, job, held, log } = running();
  log.print(agent, held, 0, ["b"], "docker build");
  log.print(agent, held, 1, ["1"]);
  log.end(agent, held, linesOf("b", "1", "2"), { logLines: 3, logSteps: [["docker build", 1]] });
  expect([rows(queue, "logs"), rows(queue, "log_heads")]).toEqual([0, 0]);
  expect(await log.all(job, "build")).toEqual(["b"]);
  expect(await log.all(job, "run")).toEqual(["1", "2"]);
  expect(await log.slice(job, { kind: "run", since: 2 })).toMatchObject({ start: 2, isOver: true, isEnd: true });
});

test("after two attempts, a whole log of the second follows the lines of the first", async () => {
  const { queue, agent, job, held, log } = running();
  log.print(agent, held, 0, ["b"], "docker build");
  log.print(agent, held, 1, ["1"]);
  agent.disconnect();
  queue.pass(40_000);
  const other = queue.agent("b");
  const second = heldBy(other);
  log.print(other, second, 0, ["c"], "docker build");
  log.end(other, second, linesOf("c", "2"), { logLines: 2, logSteps: [["docker build", 1]] });
  expect(await log.all(job, "build")).toEqual(["b", "c"]);
  expect(await log.all(job, "run")).toEqual(["1", again, "2"]);
  expect(await log.all(job, "all")).toEqual(["b", "1", again, "c", "2"]);
});

test("without a word on how long the log is, whichever has more lines is shown", async () => {
  const shorter = running();
  shorter.log.print(shorter.agent, shorter.held, 0, ["1", "2", "3"]);
  shorter.log.end(shorter.agent, shorter.held, linesOf("1", "\u2014 left out \u2014", "3"));
  expect(await shorter.log.all(shorter.job)).toEqual(["1", "2", "3"]);
  const longer = running();
  longer.log.print(longer.agent, longer.held, 0, ["1"]);
  longer.log.end(longer.agent, longer.held, linesOf("1", "2"));
  expect(await longer.log.all(longer.job)).toEqual(["1", "2"]);
  const silent = running();
  silent.log.end(silent.agent, silent.held, linesOf("1", "2"));
  expect(await silent.log.all(silent.job)).toEqual(["1", "2"]);
});

test.each(["rows", "objects"] as const)(
  "a log that the result has not whole is read for a week after the job's end (%s)",
  async (publish) => {
    const { queue, agent, job, held, log } = running({ publish });
    log.print(agent, held, 0, ["1", "2", "3", "4"]);
    log.seal(agent, held, 0, [{ step: "Running", lines: linesOf("1", "2") }]);
    log.end(agent, held, linesOf("1", "\u2014", "4"), {});
    const whole = ["1", "2", "3", "4"];
    expect(await log.all(job)).toEqual(whole);
    log.store();
    expect(await log.all(job)).toEqual(whole);
    // As an object it needs no rows.
    expect(rows(queue, "logs")).toBe(publish === "rows" ? 1 : 0);
    queue.pass(6 * dayMs);
    expect(queue.job(job)).toMatchObject({ state: "Finished" });
    expect(await log.all(job)).toEqual(whole);
    queue.pass(2 * dayMs);
    expect([rows(queue, "logs"), rows(queue, "log_pieces"), rows(queue, "log_heads")]).toEqual([0, 0, 0]);
    expect(await log.all(job)).toEqual(["1", "\u2014", "4"]);
  },
);

test.each(["rows", "objects"] as const)("a cancelled job keeps what it has printed (%s)", async (publish) => {
  const { queue, agent, job, held, log } = running({ publish });
  log.print(agent, held, 0, ["1"]);
  queue.cancel(job);
  log.print(agent, held, 1, ["too late"]);
  log.store();
  expect(await log.all(job)).toEqual(["1"]);
  expect(await log.slice(job, { kind: "run", since: 0 })).toMatchObject({ isOver: true });
  queue.pass(3 * dayMs);
  expect(queue.job(job)).toBeUndefined();
  expect(await log.all(job)).toEqual(["1"]);
});

test("a replaced job keeps what it has printed", async () => {
  const queue = new TestQueue();
  const log = new TestLog(queue);
  const agent = queue.agent("a");
  const job = queue.submit("1", { namespace: "n" });
  log.print(agent, heldBy(agent), 0, ["1"]);
  queue.submit("2", { namespace: "n" });
  expect(queue.state(job)).toBe("JobReplacedByClient");
  expect(await log.all(job)).toEqual(["1"]);
});

test("a job that was given up keeps what it has printed, and says at its end why", async () => {
  const queue = new TestQueue();
  const log = new TestLog(queue);
  const job = queue.submit("1");
  for (const name of ["1", "2", "3"]) {
    const agent = queue.agent(name);
    log.print(agent, heldBy(agent), 0, [name]);
    agent.disconnect();
    queue.pass(40_000);
  }
  expect(queue.state(job)).toBe("Error");
  expect(await log.all(job)).toEqual(["1", again, "2", again, "3", expect.stringContaining("lost 3 times")]);
});

test("a new run begins a new log, and a deleted job has none", async () => {
  const { queue, agent, job, held, log } = running({ publish: "objects" });
  log.print(agent, held, 0, ["first run"]);
  queue.cancel(job);
  queue.submit("1");
  const second = heldBy(agent);
  // The store is done with the first run's log only now.
  log.store();
  log.print(agent, second, 0, ["second run"]);
  expect(await log.all(job)).toEqual(["second run"]);
  queue.do(queue.queue.cancel(queue.now, job, "*", "by a test"));
  log.store();
  expect(await log.all(job)).toEqual(["second run"]);
  const client = queue.client();
  client.send({
    type: "StateChange",
    payload: { state: "Finished", job, value: { reason: "Deleted", namespace: "*" } },
  });
  expect(await log.all(job)).toEqual([]);
  expect([rows(queue, "logs"), rows(queue, "log_heads")]).toEqual([0, 0]);
});
