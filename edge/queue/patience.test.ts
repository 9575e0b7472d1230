import { expect, test } from "vitest";
import { lookups } from "./lookups.ts";
import { type TestAgent, TestQueue } from "./testQueue.ts";

/** Time in which the agent keeps its lease. */
function runFor(queue: TestQueue, agent: TestAgent, ms: number): void {
  for (let left = ms; left > 0; left -= 5_000) {
    queue.pass(Math.min(left, 5_000));
    agent.sync();
  }
}

test("a job that nobody has patience for any more ends as TimedOut, and its agent is told", () => {
  const queue = new TestQueue();
  const job = queue.submit("1", { patienceMs: 60_000 });
  // Waiting in line is no running.
  queue.pass(120_000);
  const agent = queue.agent("a");
  runFor(queue, agent, 59_999);
  expect(queue.state(job)).toBe("Running");
  queue.pass(1);
  expect(queue.state(job)).toBe("TimedOut");
  agent.receive();
  expect(agent.stopped).toEqual(["Cancelled"]);
  const finished = queue.queue.read(queue.now, (turn) => lookups.finished(turn, job));
  expect(finished?.job.finished).toMatchObject({
    reason: "TimedOut",
    message: expect.stringContaining("control.maxDuration"),
    result: { isTimedOut: true, outputs: {} },
  });
});

test("it ends for one namespace alone, and the run goes on for the others", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1", { namespace: "hasty", patienceMs: 10_000 });
  queue.submit("1", { namespace: "patient" });
  runFor(queue, agent, 20_000);
  expect(queue.job(job)).toMatchObject({ state: "Running", namespaces: ["patient"] });
  agent.finish(job);
  expect(queue.state(job)).toBe("Success");
});

test("an end for want of patience answers nobody else: the next submission runs", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1", { patienceMs: 1_000 });
  queue.pass(1_000);
  expect(queue.state(job)).toBe("TimedOut");
  agent.receive();
  expect(queue.tryTo("1")).toMatchObject({ type: "taken", cached: false, job: { state: "Queued" } });
  expect(agent.jobs()).toEqual([job]);
  runFor(queue, agent, 60_000);
  expect(queue.state(job)).toBe("Running");
});

test("a namespace's newest submission decides, also while the job runs", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1", { patienceMs: 10_000 });
  queue.pass(5_000);
  agent.sync();
  queue.submit("1");
  runFor(queue, agent, 30_000);
  expect(queue.state(job)).toBe("Running");
  // It has run for longer already.
  queue.submit("1", { patienceMs: 2_000 });
  expect(queue.state(job)).toBe("Running");
  queue.pass(1);
  expect(queue.state(job)).toBe("TimedOut");
});

test("each attempt has the whole time: what a lost agent took is not counted", () => {
  const queue = new TestQueue();
  const lost = queue.agent("lost");
  const job = queue.submit("1", { patienceMs: 60_000 });
  lost.receive();
  queue.pass(30_000);
  expect(queue.state(job)).toBe("Queued");
  queue.pass(60_000);
  const agent = queue.agent("other");
  runFor(queue, agent, 59_000);
  expect(queue.state(job)).toBe("Running");
  runFor(queue, agent, 1_000);
  expect(queue.state(job)).toBe("TimedOut");
});

test("an agent that comes back with its attempt goes on within its time", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1", { patienceMs: 40_000 });
  agent.receive();
  queue.pass(25_000);
  expect(queue.state(job)).toBe("Queued");
  agent.connect();
  expect(queue.state(job)).toBe("Running");
  runFor(queue, agent, 14_999);
  expect(queue.state(job)).toBe("Running");
  queue.pass(1);
  expect(queue.state(job)).toBe("TimedOut");
});
