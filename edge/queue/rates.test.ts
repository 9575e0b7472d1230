import { expect, test } from "vitest";
import { defaultQueueSettings, submissionsBurstMs } from "../limits.ts";
import { Rates } from "./rates.ts";
import { TestQueue } from "./testQueue.ts";

const { submissionsPerSecond } = defaultQueueSettings;
const submissionsBurst = (submissionsPerSecond * submissionsBurstMs) / 1000;

function takeAll(rates: Rates, client: string, now: number): number {
  let taken = 0;
  while (rates.take(client, now) === undefined) taken += 1;
  return taken;
}

test("a client may submit a burst, and after it as fast as its tokens come back", () => {
  const rates = new Rates(submissionsPerSecond);
  expect(takeAll(rates, "a", 0)).toBe(submissionsBurst);
  expect(rates.take("a", 0)).toMatchObject({ code: "rate", retryAfterMs: 1000 / submissionsPerSecond });
  expect(takeAll(rates, "a", 1_000)).toBe(submissionsPerSecond);
  expect(takeAll(rates, "a", 60_000)).toBe(submissionsBurst);
});

test("one client's haste is not another's", () => {
  const rates = new Rates(submissionsPerSecond);
  takeAll(rates, "a", 0);
  expect(takeAll(rates, "b", 0)).toBe(submissionsBurst);
});

test("a clock that goes back gives no tokens", () => {
  const rates = new Rates(submissionsPerSecond);
  takeAll(rates, "a", 10_000);
  expect(rates.take("a", 0)?.code).toBe("rate");
});

test("who has no address is not limited", () => {
  const rates = new Rates(submissionsPerSecond);
  for (let i = 0; i < 2 * submissionsBurst; i++) expect(rates.take(null, 0)).toBeUndefined();
});

test("too fast a client is refused before anything is written", () => {
  const queue = new TestQueue();
  for (let i = 0; i < submissionsBurst; i++) queue.submit("the same", { client: "a" });
  const rows = () => queue.sql.all("SELECT state, counters FROM queues");
  const before = rows();
  expect(queue.tryTo("another", { client: "a" })).toMatchObject({ type: "refused", code: "rate" });
  expect(rows()).toEqual(before);
  expect(queue.tryTo("another", { client: "b" })).toMatchObject({ type: "taken" });
  queue.pass(1_000);
  expect(queue.tryTo("one more", { client: "a" })).toMatchObject({ type: "taken" });
});

test("one address has a tenth of the places", () => {
  const queue = new TestQueue({ waitingJobsMax: 20 });
  const mine = [1, 2].map((i) => queue.submit(`mine ${i}`, { client: "a" }));
  const refused = queue.tryTo("mine 3", { client: "a" });
  expect(refused).toMatchObject({ type: "refused", code: "share", retryAfterMs: 5_000 });
  expect(queue.tryTo("yours", { client: "b" })).toMatchObject({ type: "taken" });
  expect(queue.tryTo("local")).toMatchObject({ type: "taken" });
  // What waits already is joined, and a place that is free again is taken again.
  expect(queue.tryTo("mine 1", { client: "a" })).toMatchObject({ type: "taken" });
  if (mine[0]) queue.cancel(mine[0]);
  expect(queue.tryTo("mine 3", { client: "a" })).toMatchObject({ type: "taken" });
});

test("a job is wanted in so many namespaces at most", () => {
  const queue = new TestQueue({ namespacesMax: 10 });
  for (let i = 0; i < 10; i++) queue.submit("1", { namespace: `n${i}` });
  expect(queue.tryTo("1", { namespace: "one more" })).toMatchObject({ type: "refused", code: "full" });
  expect(queue.tryTo("1", { namespace: "n7" })).toMatchObject({ type: "taken" });
});

test("a queue of which too many webhooks wait takes no submission that brings another", () => {
  const queue = new TestQueue({ callsWaitingMax: 3 });
  const target = { url: "https://a.example/", secret: null, payload: {}, queueName: "lab", origin: "" };
  const callbacks = { queued: target };
  for (let i = 0; i < 3; i++) queue.cancel(queue.submit("1", { callbacks }));
  expect(queue.tryTo("1", { callbacks })).toMatchObject({ type: "refused", code: "full" });
  expect(queue.tryTo("1")).toMatchObject({ type: "taken" });
});

test("a socket that submits too fast is told so, for the id that it sent, and no other socket is", () => {
  const queue = new TestQueue();
  const [hasty, calm] = [queue.client("a"), queue.client("b")];
  const submit = (client: typeof hasty, more: object = {}) =>
    client.send(
      JSON.stringify({
        type: "StateChange",
        payload: { state: "Queued", value: { enqueued: { definition: { image: "x" }, ...more } } },
      }),
    );
  for (let i = 0; i < submissionsBurst; i++) submit(hasty);
  hasty.frames();
  calm.frames();
  const id = queue.submit("by HTTP");
  calm.frames();
  submit(hasty, { id });
  const frames = hasty.frames().slice(-2);
  expect(frames).toMatchObject([
    { type: "Refused", payload: { jobId: id, code: "rate", retryAfterMs: expect.any(Number) } },
    { type: "JobStateUpdates", payload: { state: { jobs: { [id]: { state: "Finished", finishedReason: "Error" } } } } },
  ]);
  expect(calm.frames()).toEqual([]);
  submit(calm);
  expect(calm.frames().map(({ type }) => type)).not.toContain("Refused");
});

test.each([
  ["no definition", {}, "definition"],
  ["a namespace that is none", { definition: { image: "x" }, control: { namespace: 7 } }, "control.namespace"],
  ["a webhook without a url", { definition: { image: "x" }, control: { callbacks: { queued: {} } } }, "url"],
  ["an id that is a number", { id: 7, definition: { image: "x" } }, "id"],
])("a submission with %s is refused on its socket", (_what, enqueued, named) => {
  const queue = new TestQueue();
  const client = queue.client();
  client.frames();
  const frame = { type: "StateChange", payload: { state: "Queued", value: { enqueued } } };
  client.send(JSON.stringify(frame));
  const [refused] = client.frames();
  expect(refused).toMatchObject({ type: "Refused", payload: { code: "malformed" } });
  expect(JSON.stringify(refused)).toContain(named);
  expect(queue.sql.all("SELECT name FROM sqlite_master WHERE type = 'table'")).toEqual([]);
});
