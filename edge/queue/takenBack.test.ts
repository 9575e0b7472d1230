// A turn whose rows can't be written (a full disk) leaves nothing behind, in memory neither.

import { expect, test } from "vitest";
import { lookups } from "./lookups.ts";
import { TestQueue } from "./testQueue.ts";

/** Runs what fails at its first statement of this kind. */
function failing(queue: TestQueue, statement: RegExp, act: () => void): void {
  const { sql } = queue;
  const all = sql.all.bind(sql);
  sql.all = (text, ...params) => {
    if (statement.test(text)) throw new Error("database or disk is full");
    return all(text, ...params);
  };
  try {
    expect(act).toThrow("disk is full");
  } finally {
    sql.all = all;
  }
}

const agentsOf = (queue: TestQueue) => queue.queue.read(queue.now, lookups.status).workers.length;

test("an agent whose hello could not be kept is not known, and can say it again", () => {
  const queue = new TestQueue();
  const job = queue.submit("1");
  failing(queue, /INSERT INTO agents/, () => queue.agent("a"));
  expect(agentsOf(queue)).toBe(0);
  const agent = queue.agent("a");
  expect(agent.jobs()).toEqual([job]);
});

test("a closed socket that could not be noted still ends the lease, and the job goes on elsewhere", () => {
  const queue = new TestQueue();
  const lost = queue.agent("lost");
  const job = queue.submit("1");
  lost.receive();
  failing(queue, /UPDATE agents|INSERT INTO agents/, () => lost.disconnect());
  queue.pass(20_001);
  expect(queue.state(job)).toBe("Queued");
  expect(agentsOf(queue)).toBe(0);
  expect(queue.agent("other").jobs()).toEqual([job]);
});

test("a submission that could not be kept was never made, and works when there is room again", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  failing(queue, /INSERT INTO jobs/, () => queue.submit("1"));
  expect(queue.queue.read(queue.now, lookups.list)).toEqual([]);
  const job = queue.submit("1");
  expect(agent.jobs()).toEqual([job]);
});
