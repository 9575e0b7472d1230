import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { JobId } from "../../wire/ids.ts";
import { streamBufferBytesMax, streamHeartbeatMs, streamMsMax } from "../limits.ts";
import { lookups } from "../queue/lookups.ts";
import { TestQueue } from "../queue/testQueue.ts";
import { type FollowEvent, follow } from "./follow.ts";
import { FrameInbox } from "./frameInbox.ts";
import { heldBy, linesOf, TestLog } from "./testLog.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A queue whose frames for a watching session go to its inbox. */
class Watched {
  readonly queue = new TestQueue();
  readonly log = new TestLog(this.queue);

  follow(job: JobId, from = 0, inbox = new FrameInbox(streamBufferBytesMax)): Reader {
    const { queue, log } = this;
    const socket = queue.socket();
    // Frames go on to the inbox as they come.
    socket.frames.push = (frame: string) => {
      inbox.frame(frame);
      return 0;
    };
    queue.queue.watcherConnected(queue.now, socket.id, job);
    const events = follow(
      {
        id: job,
        inbox,
        job: async () => queue.queue.read(queue.now, (turn) => lookups.job(turn, job)),
        slice: (place) => log.slice(job, place),
        now: Date.now,
      },
      from,
    );
    return new Reader(events, inbox);
  }
}

class Reader {
  readonly inbox: FrameInbox;
  readonly #events: AsyncGenerator<FollowEvent>;

  constructor(events: AsyncGenerator<FollowEvent>, inbox: FrameInbox) {
    this.#events = events;
    this.inbox = inbox;
  }

  /** The next events, as short words; "closed" when there is none. */
  async read(count: number): Promise<readonly string[]> {
    const words: string[] = [];
    while (words.length < count) {
      const { done, value } = await this.#events.next();
      if (done) return [...words, "closed"];
      words.push(wordOf(value));
    }
    return words;
  }
}

function wordOf(event: FollowEvent): string {
  switch (event.type) {
    case "lines":
      return `${event.isBuild ? "build" : "run"} ${event.lines.map(([text]) => text).join()} to ${event.cursor}`;
    case "state":
    case "end":
      return `${event.type} ${event.job.finishedReason ?? event.job.state}`;
    case "timeout":
    case "idle":
      return event.type;
  }
}

function running() {
  const world = new Watched();
  const agent = world.queue.agent("a");
  const job = world.queue.submit("1");
  return { ...world, world, agent, job, held: heldBy(agent) };
}

test("a job is followed from before it exists to its end", async () => {
  const world = new Watched();
  const { queue, log } = world;
  const job = new TestQueue().submit("1");
  const reader = world.follow(job);
  const first = reader.read(2);
  await vi.advanceTimersByTimeAsync(0);
  queue.submit("1");
  const agent = queue.agent("a");
  expect(await first).toEqual(["state Queued", "state Running"]);
  const held = heldBy(agent);
  log.print(agent, held, 0, ["pulled"], "docker image pull");
  log.print(agent, held, 1, ["1", "2"]);
  expect(await reader.read(2)).toEqual(["build pulled to 1", "run 1,2 to 2"]);
  log.end(agent, held, linesOf("pulled", "1", "2", "3"), { logLines: 4, logSteps: [["docker image pull", 1]] });
  expect(await reader.read(2)).toEqual(["run 3 to 3", "state Success"]);
  expect(await reader.read(2)).toEqual(["end Success", "closed"]);
});

test("who comes late gets everything at once, from where it left", async () => {
  const { world, agent, job, held, log } = running();
  log.print(agent, held, 0, ["b"], "docker build");
  log.print(agent, held, 1, ["1", "2"]);
  log.seal(agent, held, 0, [
    { step: "docker build", lines: linesOf("b") },
    { step: "Running", lines: linesOf("1") },
  ]);
  expect(await world.follow(job).read(4)).toEqual(["build b to 1", "run 1 to 1", "run 2 to 2", "state Running"]);
  expect(await world.follow(job, 2).read(2)).toEqual(["run 2 to 2", "state Running"]);
  log.end(agent, held, linesOf("b", "1", "2"), { logLines: 3, logSteps: [["docker build", 1]] });
  expect(await world.follow(job, 2).read(9)).toEqual(["run 2 to 2", "state Success", "end Success", "closed"]);
  // A place that this log does not have is one in another run's.
  expect((await world.follow(job, 50).read(2))[0]).toBe("build b to 1");
});

test("lines that were only sealed, or were lost on their way, reach a follower", async () => {
  const { world, agent, job, held, log } = running();
  const reader = world.follow(job);
  expect(await reader.read(1)).toEqual(["state Running"]);
  log.seal(agent, held, 0, [{ step: "Running", lines: linesOf("0", "1") }]);
  expect(await reader.read(1)).toEqual(["run 0,1 to 2"]);
  log.print(agent, held, 4, ["4"]);
  expect(await reader.read(1)).toEqual(["run 4 to 5"]);
});

test("a follower that does not keep up loses no line", async () => {
  const { world, agent, job, held, log } = running();
  const reader = world.follow(job, 0, new FrameInbox(1_000));
  expect(await reader.read(1)).toEqual(["state Running"]);
  for (let i = 0; i < 20; i++) log.print(agent, held, i, [`${i} ${"x".repeat(300)}`]);
  log.end(agent, held, []);
  const words = await reader.read(30);
  expect(words.filter((word) => word.startsWith("run")).length).toBe(20);
  expect(words.slice(-3)).toEqual(["state Success", "end Success", "closed"]);
});

test("a deleted job ends its followers, also one that missed the news", async () => {
  const { world, agent, job, held, log, queue } = running();
  const readers = [world.follow(job), world.follow(job, 0, new FrameInbox(10))];
  for (const reader of readers) expect(await reader.read(1)).toEqual(["state Running"]);
  log.print(agent, held, 0, ["1"]);
  expect(await readers[0]?.read(1)).toEqual(["run 1 to 1"]);
  queue.client().send({
    type: "StateChange",
    payload: { state: "Finished", job, value: { reason: "Deleted", namespace: "*" } },
  });
  for (const reader of readers)
    expect((await reader.read(9)).slice(-3)).toEqual(["state Deleted", "end Deleted", "closed"]);
});

test("a follower hears of its own job only, and a client's socket of all", () => {
  const { world, queue, job } = running();
  const inbox = new FrameInbox(streamBufferBytesMax);
  const frames: string[] = [];
  inbox.frame = (frame) => frames.push(frame);
  world.follow(job, 0, inbox);
  const client = queue.client();
  client.frames();
  const other = queue.submit("other");
  queue.agent("b");
  expect(frames).toEqual([]);
  expect(client.states(other)).toEqual(["Queued", "Running"]);
});

test("silence is broken now and then, and a follower is sent away in the end", async () => {
  const { world, job } = running();
  const reader = world.follow(job);
  expect(await reader.read(1)).toEqual(["state Running"]);
  const silent = reader.read(2);
  await vi.advanceTimersByTimeAsync(2 * streamHeartbeatMs);
  expect(await silent).toEqual(["idle", "idle"]);
  const rest = reader.read(1_000);
  await vi.advanceTimersByTimeAsync(streamMsMax);
  expect((await rest).slice(-2)).toEqual(["timeout", "closed"]);
});

test("a closed session ends its follower", async () => {
  const { world, job } = running();
  const reader = world.follow(job);
  const events = reader.read(5);
  reader.inbox.closed();
  expect(await events).toEqual(["state Running", "closed"]);
});
