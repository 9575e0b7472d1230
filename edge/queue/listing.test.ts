import { expect, test } from "vitest";
import { broadcastEveryMs, broadcastFramesPerSecond } from "../limits.ts";
import { lookups } from "./lookups.ts";
import { TestQueue } from "./testQueue.ts";

function placesOf(queue: TestQueue): Record<string, number | undefined> {
  const { jobs } = queue.queue.read(queue.now, lookups.status);
  return Object.fromEntries(jobs.map(([id, job]) => [id, job.place]));
}

test("the status tells each waiting job's place in its line, and jobs that fit nowhere have none", () => {
  const queue = new TestQueue();
  const running = queue.submit("running");
  const agent = queue.agent("a", { gpus: 0 });
  const gpu = queue.submit("gpu", { requirements: { gpus: 1 } });
  const [first, second] = [queue.submit("first"), queue.submit("second")];
  const named = queue.submit("named", { namespace: "n" });
  expect(placesOf(queue)).toEqual({ [running]: undefined, [gpu]: undefined, [first]: 1, [second]: 2, [named]: 1 });
  agent.disconnect();
  // Without an agent nobody knows what will fit.
  expect(placesOf(queue)).toMatchObject({ [gpu]: 1, [first]: 2, [second]: 3 });
});

test("the list says the same of each job as a look at it alone", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a", { slots: 2 });
  const jobs = [
    queue.submit("1"),
    queue.submit("2", { namespace: "n" }),
    queue.submit("3", { tags: ["none has it"] }),
    queue.submit("4"),
  ];
  queue.submit("1", { namespace: "n2" });
  if (jobs[0]) agent.finish(jobs[0]);
  const listed = new Map(queue.queue.read(queue.now, lookups.list));
  for (const job of jobs) expect(listed.get(job)).toEqual(queue.job(job));
});

test("what has happened is counted, and survives a restart", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1");
  queue.submit("1");
  queue.pass(2_000);
  agent.sync();
  agent.finish(job);
  queue.submit("1");
  queue.submit("2");
  queue.submit("3");
  const cancelled = queue.submit("4");
  queue.cancel(cancelled);
  const metrics = () => queue.queue.read(queue.now, lookups.metrics);
  const counted = {
    queued: 1,
    running: 1,
    finished: 2,
    slots: 1,
    agents: 1,
    counters: {
      "submitted.queued": 4,
      "submitted.joined": 1,
      "submitted.cached": 1,
      "finished.Success": 1,
      "finished.Cancelled": 1,
      "waited.sum": 0,
      "waited.0": 2,
      "ran.sum": 2_000,
      "ran.3": 1,
    },
  };
  expect(metrics()).toMatchObject(counted);
  queue.restart();
  expect(metrics().counters).toEqual(counted.counters);
});

test("a job's history tells when its newest run was queued, started and ended", () => {
  const queue = new TestQueue();
  const history = () => queue.queue.read(queue.now, (turn) => lookups.history(turn, job));
  const begun = queue.now;
  const job = queue.submit("1");
  expect(history()).toEqual([{ state: "Queued", time: begun }]);
  queue.pass(1_000);
  const agent = queue.agent("a");
  queue.pass(1_000);
  agent.finish(job);
  const worker = expect.any(String);
  expect(history()).toEqual([
    { state: "Queued", time: begun },
    { state: "Running", time: begun + 1_000, worker },
    { state: "Finished", time: begun + 2_000, worker, reason: "Success" },
  ]);
});

test("a client that connects beside many jobs gets them all, in frames of a thousand", () => {
  const queue = new TestQueue();
  const jobs = Array.from({ length: 2_001 }, (_, i) => queue.submit(`${i}`));
  const frames = queue.client().frames();
  expect(frames.map(({ type }) => type)).toEqual(["Workers", "JobStates", "JobStateUpdates", "JobStateUpdates"]);
  const shown = frames.flatMap(({ type, payload }) =>
    type === "JobStates" || type === "JobStateUpdates" ? [payload] : [],
  );
  expect(shown.map(({ isSubset }) => isSubset)).toEqual([false, true, true]);
  expect(shown.map(({ state }) => Object.keys(state.jobs).length)).toEqual([1_000, 1_000, 1]);
  expect(shown.flatMap(({ state }) => Object.keys(state.jobs)).sort()).toEqual([...jobs].sort());
});

test("a look that comes when held-back states are due leaves them to the next turn", () => {
  const queue = new TestQueue();
  const client = queue.client();
  const jobs = Array.from({ length: broadcastFramesPerSecond + 5 }, (_, i) => queue.submit(String(i)));
  const last = jobs.at(-1) ?? queue.submit("last");
  expect(client.states(last)).toEqual([]);
  queue.sleep(broadcastEveryMs + 1);
  queue.queue.read(queue.now, lookups.metrics);
  queue.pass(0);
  expect(client.states(last)).toEqual(["Queued"]);
});
