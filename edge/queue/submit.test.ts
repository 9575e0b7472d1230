import { expect, test } from "vitest";
import type { JobId } from "../../wire/ids.ts";
import { lookups } from "./lookups.ts";
import { TestQueue } from "./testQueue.ts";

test("identical submissions join one execution", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a", { slots: 2 });
  const job = queue.submit("1");
  expect(queue.submit("1", { namespace: "other" })).toBe(job);
  expect(agent.jobs()).toEqual([job]);
  expect(queue.job(job)?.namespaces).toEqual(["_", "other"]);
});

test("a result with exit code 0 answers for four weeks, any other end for a minute", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const run = (command: string, code: number) => {
    const job = queue.submit(command);
    agent.finish(job, code);
    return job;
  };
  const good = run("good", 0);
  const bad = run("bad", 1);
  const isCached = (command: string) => {
    const outcome = queue.tryTo(command);
    return outcome.type === "taken" && outcome.cached;
  };
  expect([isCached("good"), isCached("bad")]).toEqual([true, true]);
  agent.disconnect();
  queue.pass(60_001);
  expect([isCached("good"), isCached("bad")]).toEqual([true, false]);
  queue.pass(27 * 24 * 3_600_000);
  expect(isCached("good")).toBe(true);
  queue.pass(2 * 24 * 3_600_000);
  expect(isCached("good")).toBe(false);
  expect([queue.state(good), queue.state(bad)]).toEqual(["Queued", "Queued"]);
});

test("delete and submit is a new run", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const client = queue.client();
  const job = queue.submit("1");
  agent.finish(job);
  client.send({ type: "StateChange", payload: { state: "Finished", job, value: { reason: "Deleted" } } });
  expect(queue.job(job)).toBeUndefined();
  queue.submit("1");
  expect(agent.jobs()).toEqual([job]);
  expect(client.states(job)).toEqual(["Queued", "Running", "Success", "Deleted", "Queued", "Running"]);
});

test("a cancelled job is stopped at its agent and runs again when it is submitted again", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1");
  agent.receive();
  expect(queue.cancel(job)).toBe("done");
  agent.receive();
  expect(agent.stopped).toEqual(["Cancelled"]);
  expect(queue.state(job)).toBe("Cancelled");
  queue.submit("1");
  expect(agent.jobs()).toEqual([job]);
});

test("an old result that is removed takes nothing from the run that has begun since", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1");
  agent.finish(job, 1);
  agent.disconnect();
  queue.pass(28 * 24 * 3_600_000 - 60_000);
  // Retention is looked at while something is listed as finished.
  queue.cancel(queue.submit("other"));
  queue.submit("1");
  queue.pass(3_600_000);
  agent.connect();
  expect(agent.jobs()).toEqual([job]);
});

test("how a later run ended is told without the result of an earlier one, which the unscoped routes still show", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const finished = (id: JobId) => queue.queue.read(queue.now, (turn) => lookups.finished(turn, id))?.job.finished;
  const job = queue.submit("1");
  agent.finish(job, 7);
  expect(finished(job)).toMatchObject({ reason: "Success", result: { StatusCode: 7 } });
  queue.pass(60_001);
  agent.connect();
  queue.submit("1");
  expect(finished(job)).toBeUndefined();
  queue.cancel(job);
  expect(finished(job)).toEqual({ type: "Finished", reason: "Cancelled", time: queue.now, message: "by a test" });
  const stored = queue.queue.read(queue.now, (turn) => lookups.stored(turn, job));
  expect(stored?.job).toMatchObject({ finishedReason: "Success", statusCode: 7, finished: { reason: "Success" } });
});

test("a cancel answers whatever the job's state, and takes only the namespace that it names", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1", { namespace: "mine" });
  queue.submit("1", { namespace: "yours" });
  expect(queue.cancel(job, "nobody's")).toBe("elsewhere");
  expect(queue.cancel(job, "mine")).toBe("done");
  expect(queue.state(job)).toBe("Running");
  expect(queue.cancel(job, "*")).toBe("done");
  expect(queue.state(job)).toBe("Cancelled");
  expect(queue.cancel(job)).toBe("finished");
  expect(agent.jobs()).toEqual([]);
});

test.each([
  [10_000, 0],
  [30_000, 4_000],
  [90_000, 8_000],
])("a newer job of a namespace replaces one that has run for %i ms after %i ms", (age, delay) => {
  const queue = new TestQueue();
  const agent = queue.agent("a", { slots: 2 });
  const older = queue.submit("older", { namespace: "mine" });
  for (let passed = 0; passed < age; passed += 5_000) {
    queue.pass(5_000);
    agent.sync();
  }
  const newer = queue.submit("newer", { namespace: "mine" });
  agent.sync();
  expect(queue.state(newer)).toBe("Running");
  if (delay > 0) {
    queue.pass(delay - 1);
    expect(queue.state(older)).toBe("Running");
    queue.pass(1);
  }
  expect(queue.state(older)).toBe("JobReplacedByClient");
  expect(queue.state(newer)).toBe("Running");
});

test("returning to a job that is being replaced keeps it, and the newer one ends", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a", { slots: 2 });
  const older = queue.submit("older", { namespace: "mine" });
  for (let passed = 0; passed < 30_000; passed += 5_000) {
    queue.pass(5_000);
    agent.sync();
  }
  const newer = queue.submit("newer", { namespace: "mine" });
  queue.pass(2_000);
  queue.submit("older", { namespace: "mine" });
  queue.pass(10_000);
  expect([queue.state(older), queue.state(newer)]).toEqual(["Running", "JobReplacedByClient"]);
});

test("a job that another namespace wants survives its replacement", () => {
  const queue = new TestQueue();
  queue.agent("a", { slots: 2 });
  const older = queue.submit("older", { namespace: "mine" });
  queue.submit("older");
  queue.submit("newer", { namespace: "mine" });
  expect(queue.state(older)).toBe("Running");
  expect(queue.job(older)?.namespaces).toEqual(["_"]);
});

test("a full queue refuses before anything is written, and says when to come again", () => {
  const queue = new TestQueue({ waitingJobsMax: 2 });
  queue.submit("1");
  queue.submit("2");
  expect(queue.tryTo("3")).toMatchObject({ type: "refused", code: "full", retryAfterMs: 5_000 });
  expect(queue.tryTo("1").type).toBe("taken");
});

test("the definitions of all that waits have a limit together, and what runs makes room", () => {
  const queue = new TestQueue({ waitingBytesMax: 2_000 });
  const long = "x".repeat(1_500);
  queue.submit(long);
  expect(queue.tryTo(`${long}2`)).toMatchObject({ type: "refused", code: "full" });
  queue.agent("a");
  expect(queue.tryTo(`${long}2`).type).toBe("taken");
});

test("where results are objects, clients see the end when the object is stored, and a definition's row goes with it", () => {
  const queue = new TestQueue({ publish: "objects" });
  const agent = queue.agent("a");
  const client = queue.client();
  const job = queue.submit("1");
  queue.do(queue.queue.stored(queue.now, job, "definition", true));
  agent.finish(job);
  expect(client.states(job)).toEqual(["Queued", "Running"]);
  expect(queue.stored.map(({ kind }) => kind)).toEqual(["definition", "result"]);
  queue.do(queue.queue.stored(queue.now, job, "result", false));
  queue.pass(1_001);
  expect(queue.stored.map(({ kind }) => kind)).toEqual(["definition", "result", "result"]);
  queue.do(queue.queue.stored(queue.now, job, "result", true));
  expect(client.states(job)).toEqual(["Success"]);
  expect(queue.sql.all("SELECT 1 FROM definitions")).toEqual([]);
});

test("a socket's submission is stored once, with its result; its definition alone if that takes long", () => {
  const queue = new TestQueue({ publish: "objects" });
  const agent = queue.agent("a");
  const client = queue.client();
  const payload = { state: "Queued", value: { enqueued: { definition: { image: "x", command: "1" } } } } as const;
  client.send({ type: "StateChange", payload });
  const [job] = agent.jobs();
  if (!job) throw new Error("It was not given to the agent.");
  const definition = () => queue.queue.read(queue.now, (turn) => lookups.definition(turn, job));
  expect(queue.stored).toEqual([]);
  agent.finish(job);
  expect(queue.stored).toEqual([{ type: "store", job, kind: "run" }]);
  // What is written with the result is there until it is stored, whatever else is.
  queue.do(queue.queue.stored(queue.now, job, "log", true));
  expect(definition()).toBe('{"command":"1","image":"x"}');
  queue.do(queue.queue.stored(queue.now, job, "run", true));
  expect(client.states(job).at(-1)).toBe("Success");
  expect(definition()).toBeUndefined();

  const again = { ...payload, value: { enqueued: { definition: { image: "x", command: "2" } } } };
  client.send({ type: "StateChange", payload: again });
  queue.pass(3_000);
  expect(queue.stored.map(({ kind }) => kind)).toEqual(["run", "definition"]);
  // Over HTTP the answer says that it can be read: it waits for the store.
  queue.submit("2");
  expect(queue.stored.map(({ kind }) => kind)).toEqual(["run", "definition", "definition"]);
});

test("what was owed to the store leaves again after a restart", () => {
  const queue = new TestQueue({ publish: "objects" });
  queue.submit("1");
  queue.restart();
  expect(queue.stored.map(({ kind }) => kind)).toEqual(["definition", "definition"]);
});

test.each([
  ["queue", "Running"],
  ["deployment", "Success"],
] as const)("a result of another queue answers only where the operator owns every agent (%s)", (cacheScope, state) => {
  const one = new TestQueue({ cacheScope });
  one.agent("a").finish(one.submit("1"));
  const two = new TestQueue({ cacheScope }, one.sql, "1");
  two.agent("b");
  const job = two.submit("1");
  expect(two.state(job)).toBe(state);
  // What a deletion takes is this queue's own.
  const client = two.client();
  const value = { reason: "Deleted", namespace: "*" } as const;
  client.send({ type: "StateChange", payload: { state: "Finished", job, value } });
  expect(one.state(job)).toBe("Success");
  expect(two.state(job)).toBe(undefined);
});
