import { expect, test } from "vitest";
import { own } from "../../wire/ids.ts";
import { publishAtOnce } from "../limits.ts";
import { TestQueue } from "../queue/testQueue.ts";
import { Publisher } from "./publisher.ts";

/** A publisher whose archive ends a write when the test says so, and what it did and told. */
function slowly() {
  const queue = new TestQueue({ publish: "objects" });
  const log: string[] = [];
  const told: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const slow = async (what: string) => {
    log.push(what);
    const error = await new Promise<Error | undefined>((resolve) => ends.push(resolve));
    if (error) throw error;
  };
  const publisher = new Publisher({
    archive: {
      write: (job, _queue, kind) => slow(`${kind} ${job.slice(0, 4)}`),
      remove: (job) => slow(`delete ${job.slice(0, 4)}`),
    },
    queue: own.queueHash("0".repeat(64)),
    look: (what) => queue.queue.read(queue.now, what),
    report: (job, kind, ok) => told.push(`${kind} ${job.slice(0, 4)} ${ok}`),
  });
  const endOne = async () => {
    await expect.poll(() => ends.length).toBeGreaterThan(0);
    ends.shift()?.();
  };
  return { queue, publisher, log, told, endOne };
}

test("what an answer waits for comes first, but never before what its own job had to write", async () => {
  const { queue, publisher, log, endOne } = slowly();
  const jobs = Array.from({ length: publishAtOnce + 2 }, (_, i) => queue.submit(`${i}`));
  const job = queue.submit("run again");
  const all = [
    ...jobs.map((other) => publisher.store(other, "definition", false)),
    publisher.store(job, "delete", false),
    publisher.store(job, "definition", true),
  ];
  for (let i = 0; i < all.length; i++) await endOne();
  await Promise.all(all);
  const short = job.slice(0, 4);
  const own = log.filter((what) => what.endsWith(short));
  expect(own).toEqual([`delete ${short}`, `definition ${short}`]);
  // Two others had waited for longer.
  expect(log.indexOf(`delete ${short}`)).toBe(publishAtOnce);
});

test("of a write that is asked for again the last one tells how it went", async () => {
  const { queue, publisher, told, endOne } = slowly();
  const job = queue.submit("1");
  const first = publisher.store(job, "definition", false);
  const second = publisher.store(job, "definition", false);
  await endOne();
  await first;
  expect(told).toEqual([]);
  await endOne();
  await second;
  expect(told).toEqual([`definition ${job.slice(0, 4)} true`]);
});

test("results, for which people wait, are stored before definitions for which nobody does", async () => {
  const { queue, publisher, log, endOne } = slowly();
  const agent = queue.agent("a");
  const done = queue.submit("done");
  agent.finish(done);
  const jobs = Array.from({ length: publishAtOnce + 3 }, (_, i) => queue.submit(`${i}`));
  const all = [...jobs.map((job) => publisher.store(job, "definition", false)), publisher.store(done, "result", false)];
  for (let i = 0; i < all.length; i++) await endOne();
  await Promise.all(all);
  expect(log.indexOf(`result ${done.slice(0, 4)}`)).toBe(publishAtOnce);
});
