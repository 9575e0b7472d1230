import { expect, test } from "vitest";
import { lookups } from "./lookups.ts";
import { TestQueue } from "./testQueue.ts";

const dayMs = 86_400_000;

function rows({ sql }: TestQueue, table: "jobs" | "results" | "definitions"): number {
  return sql.all(`SELECT 1 FROM ${table}`).length;
}

test("in a queue that nobody talks to any more, the alarm comes for what is kept too long", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1");
  agent.finish(job);
  agent.disconnect();
  queue.pass(dayMs - 60_000);
  expect([rows(queue, "jobs"), rows(queue, "results"), rows(queue, "definitions")]).toEqual([1, 1, 1]);
  queue.pass(dayMs);
  // Off the list, and still the answer to the next who asks.
  expect([rows(queue, "jobs"), rows(queue, "results"), rows(queue, "definitions")]).toEqual([0, 1, 1]);
  expect(queue.tryTo("1")).toMatchObject({ cached: true });
  queue.pass(27 * dayMs);
  expect([rows(queue, "jobs"), rows(queue, "results"), rows(queue, "definitions")]).toEqual([0, 0, 0]);
});

test("a queue with nothing to forget sleeps: its alarm comes for what is due, and not to look", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  agent.finish(queue.submit("1"));
  agent.disconnect();
  queue.pass(3_600_000);
  const before = queue.wakes;
  queue.pass(40 * dayMs);
  expect(queue.wakes - before).toBeLessThan(5);
});

test("a list that has grown far beyond its maximum is cut within moments", () => {
  const queue = new TestQueue({ finishedListMax: 20 });
  const agent = queue.agent("a", { slots: 100 });
  const jobs = Array.from({ length: 100 }, (_, i) => queue.submit(`${i}`));
  for (const job of jobs) agent.finish(job);
  queue.pass(1_000);
  expect(rows(queue, "jobs")).toBe(20);
  expect(queue.queue.read(queue.now, lookups.list).map(([id]) => id)).toEqual(jobs.slice(80).reverse());
  expect(rows(queue, "results")).toBe(100);
});
