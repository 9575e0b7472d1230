import * as v from "valibot";
import { expect, test } from "vitest";
import type { JobId } from "../../wire/ids.ts";
import { FinishedWebhook } from "../../wire/webhook.ts";
import { callGiveUpMs, callLeaseMs, callsInFlightMax } from "../limits.ts";
import type { CallOutcome, Target } from "./callbacks.ts";
import { metricsOf } from "./listing.ts";
import { TestQueue } from "./testQueue.ts";

function target(url: string, fields: Partial<Target> = {}): Target {
  return { url, secret: null, payload: {}, queueName: "lab", origin: "https://edge.example", ...fields };
}

const finished = (url = "https://a.example/") => ({ callbacks: { finished: target(url) } });

function report(queue: TestQueue, id: number, outcome: CallOutcome, random = 0.5): string {
  return queue.do(queue.queue.called(queue.now, id, outcome, random));
}

/** The bodies of the calls since the last look. */
function bodies(queue: TestQueue): unknown[] {
  return queue.calls.splice(0).map(({ body }) => JSON.parse(body));
}

function reasons(queue: TestQueue): string[] {
  return bodies(queue).map((body) => v.parse(FinishedWebhook, body).reason);
}

test("a job that really goes into line calls, and one that joins it or is answered from cache does not", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const queued = { callbacks: { queued: target("https://a.example/", { payload: { n: 1 } }) } };
  const job = queue.submit("1", queued);
  expect(bodies(queue)).toEqual([{ jobId: job, queue: "lab", namespace: "_", config: { n: 1 } }]);
  queue.submit("1", queued);
  agent.finish(job);
  queue.submit("1", queued);
  expect(bodies(queue)).toEqual([]);
});

test("the end of a job calls with its reason, its code and where to read it", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1", finished());
  expect(queue.calls).toEqual([]);
  agent.finish(job, 3);
  expect(bodies(queue)).toEqual([
    {
      jobId: job,
      queue: "lab",
      namespace: "_",
      config: {},
      state: "Finished",
      reason: "Success",
      StatusCode: 3,
      cached: false,
      links: {
        job: `https://edge.example/q/lab/j/${job}`,
        result: `https://edge.example/q/lab/j/${job}/result.json`,
      },
    },
  ]);
});

test("a submission that is answered from cache calls at once", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  agent.finish(queue.submit("1"));
  queue.submit("1", finished());
  expect(bodies(queue)).toMatchObject([{ reason: "Success", StatusCode: 0, cached: true }]);
});

test("each namespace is called once, by its newest registration", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1", finished("https://older.example/"));
  queue.submit("1", finished("https://newer.example/"));
  queue.submit("1", { namespace: "b", ...finished("https://b.example/") });
  agent.finish(job);
  expect(queue.calls.map(({ url }) => url)).toEqual(["https://newer.example/", "https://b.example/"]);
});

test("every end calls: cancelled, replaced, deleted, and only for the namespace that it concerns", () => {
  const queue = new TestQueue();
  const cancelled = queue.submit("cancelled", finished());
  queue.cancel(cancelled);
  expect(reasons(queue)).toEqual(["Cancelled"]);
  queue.submit("older", { namespace: "n", ...finished() });
  queue.submit("newer", { namespace: "n" });
  expect(reasons(queue)).toEqual(["JobReplacedByClient"]);
  const shared = queue.submit("shared", { namespace: "one", ...finished() });
  queue.submit("shared", { namespace: "two", ...finished() });
  queue.cancel(shared, "one");
  expect(bodies(queue)).toMatchObject([{ namespace: "one", reason: "Cancelled" }]);
  const client = queue.client();
  const value = { reason: "Deleted", namespace: "two" };
  client.send(JSON.stringify({ type: "StateChange", payload: { state: "Finished", job: shared, value } }));
  expect(bodies(queue)).toMatchObject([{ namespace: "two", reason: "Deleted" }]);
});

test("where results are objects, a call waits until the result can be read", () => {
  const queue = new TestQueue({ publish: "objects" });
  const agent = queue.agent("a");
  const job: JobId = queue.submit("1", finished());
  agent.finish(job);
  expect(queue.calls).toEqual([]);
  queue.do(queue.queue.stored(queue.now, job, "result", true));
  expect(reasons(queue)).toEqual(["Success"]);
});

test("a call that fails is tried again under the same delivery, with growing pauses, for a day", () => {
  const queue = new TestQueue();
  queue.cancel(queue.submit("1", finished()));
  const begun = queue.now;
  const pauses: number[] = [];
  const deliveries = new Set<string>();
  for (let fate = "again"; fate === "again"; ) {
    const [call] = queue.calls.splice(0);
    if (!call) throw new Error("It was not tried again.");
    deliveries.add(call.delivery);
    const before = queue.now;
    fate = report(queue, call.id, "failed");
    while (fate === "again" && queue.calls.length === 0) queue.pass(1_000);
    pauses.push(queue.now - before);
  }
  expect(deliveries.size).toBe(1);
  expect(pauses.slice(0, 4)).toEqual([5_000, 10_000, 20_000, 40_000]);
  expect(Math.max(...pauses)).toBe(30 * 60_000);
  expect(queue.now - begun).toBeGreaterThan(callGiveUpMs - 60 * 60_000);
  expect(queue.now - begun).toBeLessThanOrEqual(callGiveUpMs);
  queue.pass(callGiveUpMs);
  expect(queue.calls).toEqual([]);
});

test("a call that was delivered or refused is over", () => {
  const queue = new TestQueue();
  queue.cancel(queue.submit("1", finished()));
  queue.cancel(queue.submit("2", finished()));
  const [first, second] = queue.calls.splice(0);
  if (!first || !second) throw new Error("two calls were made");
  expect(report(queue, first.id, "delivered")).toBe("over");
  expect(report(queue, second.id, "refused")).toBe("over");
  // A report that comes late or twice changes nothing.
  expect(report(queue, first.id, "failed")).toBe("over");
  queue.pass(callGiveUpMs);
  expect(queue.calls).toEqual([]);
  const { webhooks, counters } = queue.queue.read(queue.now, metricsOf);
  expect({ webhooks, ...counters }).toMatchObject({ webhooks: 0, "webhook.delivered": 1, "webhook.refused": 1 });
});

test("only so many are under way at a time, and one on which nobody reports leaves again", () => {
  const queue = new TestQueue();
  for (let i = 0; i < callsInFlightMax + 5; i++) queue.cancel(queue.submit(`${i}`, finished()));
  const first = queue.calls.splice(0);
  expect(first.length).toBe(callsInFlightMax);
  for (const { id } of first.slice(0, 3)) report(queue, id, "delivered");
  expect(queue.calls.splice(0).length).toBe(3);
  queue.pass(callLeaseMs);
  expect(queue.calls.length).toBe(callsInFlightMax);
});

test("a restart sends what was under way again, and keeps what waits", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  queue.cancel(queue.submit("1", finished()));
  const waiting = queue.submit("2", finished());
  const [before] = queue.calls.splice(0);
  agent.disconnect();
  queue.restart();
  expect(queue.calls.splice(0)).toEqual([before]);
  queue.cancel(waiting);
  expect(reasons(queue)).toEqual(["Cancelled"]);
});

test("a secret goes with the call to the shell, and nowhere else", () => {
  const queue = new TestQueue();
  const client = queue.client();
  const secret = "not to be seen";
  const callbacks = {
    queued: target("https://a.example/", { secret }),
    finished: target("https://a.example/", { secret }),
  };
  const job = queue.submit("1", { callbacks });
  queue.cancel(job);
  expect(queue.calls.map((call) => call.secret)).toEqual([secret, secret]);
  expect(queue.calls.map(({ body }) => body).join()).not.toContain(secret);
  expect(JSON.stringify(client.frames())).not.toContain(secret);
  expect(JSON.stringify(queue.job(job))).not.toContain(secret);
});
