import { expect, test } from "vitest";
import type { Finish } from "../../wire/agentMessages.ts";
import { TestQueue } from "./testQueue.ts";

test("a job goes to an agent in the turn that accepts it, and clients see Queued, Running, Finished", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const client = queue.client();
  const job = queue.submit("1");
  expect(agent.jobs()).toEqual([job]);
  agent.finish(job);
  expect(agent.answers).toEqual(["accepted"]);
  expect(client.states(job)).toEqual(["Queued", "Running", "Success"]);
});

test("a finish is answered with the next job in the same frame", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const first = queue.submit("1");
  const second = queue.submit("2");
  expect(agent.jobs()).toEqual([first]);
  agent.finish(first);
  expect(agent.jobs()).toEqual([second]);
});

test("jobs are served oldest first, and the lines of _ and of named namespaces in turn", () => {
  const queue = new TestQueue();
  const jobs = ["1", "2", "3"].map((command) => queue.submit(command));
  const named = queue.submit("4", { namespace: "someone" });
  const agent = queue.agent("a");
  const served = [];
  for (let i = 0; i < 4; i++) {
    const [job] = agent.jobs();
    if (!job) break;
    served.push(job);
    agent.finish(job);
  }
  expect(served).toEqual([jobs[0], named, jobs[1], jobs[2]]);
});

test("a job that fits nowhere says so and blocks nobody", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a", { gpus: 0 });
  const gpu = queue.submit("gpu", { requirements: { gpus: 1 } });
  const plain = queue.submit("plain");
  expect(agent.jobs()).toEqual([plain]);
  expect(queue.job(gpu)?.waiting).toBe("No connected agent offers 1 GPU.");
  const other = queue.agent("b", { gpus: 1 });
  expect(other.jobs()).toEqual([gpu]);
});

test("an agent that takes no jobs says why", () => {
  const queue = new TestQueue();
  queue.agent("a", { slots: 0, note: "It is paused: an update." });
  expect(queue.job(queue.submit("1"))?.waiting).toBe("No agent takes jobs now: It is paused: an update.");
});

test("tags, cpus and memory decide where a job goes, and an agent is never given more than it offers", () => {
  const queue = new TestQueue();
  const plain = queue.agent("plain", { slots: 4, cpus: 4 });
  const tagged = queue.agent("tagged", { slots: 4, cpus: 4, tags: ["fast"] });
  const fast = queue.submit("fast", { tags: ["fast"] });
  const big = [1, 2, 3].map((i) => queue.submit(`big ${i}`, { requirements: { cpus: 3 } }));
  expect(tagged.jobs()).toContain(fast);
  expect(plain.jobs().length + tagged.jobs().length).toBe(3);
  expect(big.filter((job) => queue.state(job) === "Queued").length).toBe(1);
});

test("an agent that comes back in time goes on with its attempt; nobody else gets the job", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1");
  const [held] = agent.jobs();
  expect(held).toBe(job);
  agent.disconnect();
  const other = queue.agent("b");
  queue.pass(9_900);
  other.sync();
  expect(other.jobs()).toEqual([]);
  agent.connect();
  agent.finish(job);
  expect(queue.state(job)).toBe("Success");
});

test("a job that was to be sent again, and ends in the same moment, is not sent", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1");
  expect(agent.jobs()).toEqual([job]);
  const [lost] = agent.held.splice(0);
  if (!lost) throw new Error("The agent holds nothing.");
  const { revision } = agent;
  const sync = (...finished: Finish[]) => ({ type: "sync" as const, revision, holds: [], finished, declined: [] });
  agent.sendTogether([sync(), sync({ ...lost, reason: "Error", error: "lost" })]);
  expect(agent.jobs()).toEqual([]);
  expect(agent.answers).toEqual(["accepted"]);
});

test("a lost agent's job starts elsewhere when its lease ends, and the stale attempt changes nothing", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const other = queue.agent("b", { tags: ["later"] });
  const client = queue.client();
  const job = queue.submit("1");
  const holder = agent.jobs().includes(job) ? agent : other;
  const rescuer = holder === agent ? other : agent;
  const [stale] = holder.held;
  client.frames();
  holder.disconnect();
  queue.pass(10_000);
  rescuer.sync();
  queue.pass(5_001);
  expect(rescuer.jobs()).toEqual([job]);
  expect(client.states(job)).toEqual(["Queued", "Running"]);
  holder.connect();
  if (stale) holder.report(stale);
  expect(holder.answers).toEqual(["refused"]);
  expect(queue.state(job)).toBe("Running");
  rescuer.finish(job);
  expect(queue.state(job)).toBe("Success");
});

test("while nobody else was given it, a job whose lease ended can still be finished by its attempt", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1");
  agent.jobs();
  agent.disconnect();
  queue.pass(60_000);
  expect(queue.state(job)).toBe("Queued");
  const [held] = agent.held;
  agent.held = [];
  agent.connect();
  // The first sync said that it is not held; the queue gave it a new attempt, so the old one is stale.
  if (held) agent.report(held);
  expect(agent.answers).toEqual(["refused"]);
  expect(agent.jobs()).toEqual([job]);
});

test("an agent that goes on holding what it has renews its lease, and no row is written for it", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1");
  agent.receive();
  const written = () => queue.sql.all("SELECT total_changes() AS rows")[0]?.rows;
  const before = written();
  for (let beat = 0; beat < 4; beat++) {
    queue.sleep(4_000);
    agent.sync();
  }
  expect(written()).toBe(before);
  queue.pass(19_000);
  expect(queue.state(job)).toBe("Running");
  queue.pass(1_001);
  expect(queue.state(job)).toBe("Queued");
});

test("a half-open agent loses its jobs after its lease", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1");
  expect(agent.jobs()).toEqual([job]);
  queue.pass(20_001);
  expect(queue.state(job)).toBe("Queued");
  expect(queue.closed.length).toBe(1);
});

test("a job whose agents were lost three times is given up and says so", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1");
  for (let i = 0; i < 3; i++) {
    expect(agent.jobs()).toEqual([job]);
    agent.reboot();
    agent.connect();
  }
  expect(queue.state(job)).toBe("Error");
  expect(agent.jobs()).toEqual([]);
});

test("declined jobs go back to their place, and nothing is counted", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1");
  for (let i = 0; i < 5; i++) {
    const [held] = agent.jobs().length > 0 ? agent.held : [];
    if (!held) throw new Error("The job was not offered again.");
    agent.held = [];
    agent.sync({ declined: [{ ...held, why: "full" }] });
    expect(queue.state(job)).toBe("Queued");
    queue.pass(1_001);
  }
  expect(agent.jobs()).toEqual([job]);
});

test("a start that was lost is sent again under the same boot", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1");
  agent.receive();
  agent.held = [];
  agent.sync();
  expect(agent.jobs()).toEqual([job]);
});

test("after a sleep of the queue itself every lease is thirty seconds from now", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1");
  expect(agent.jobs()).toEqual([job]);
  queue.sleep(3_600_000);
  queue.client().send({ type: "QueryJobStates" });
  queue.pass(29_000);
  expect(queue.state(job)).toBe("Running");
  agent.sync();
  agent.finish(job);
  expect(queue.state(job)).toBe("Success");
});

test("a restart keeps what was answered and gives agents time to come back", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const running = queue.submit("1");
  const waiting = queue.submit("2");
  agent.receive();
  queue.restart();
  expect([queue.state(running), queue.state(waiting)]).toEqual(["Running", "Queued"]);
  queue.pass(29_000);
  expect(queue.state(running)).toBe("Running");
  agent.connect();
  agent.finish(running);
  expect([queue.state(running), queue.state(waiting)]).toEqual(["Success", "Running"]);
});

test("only the newest session of an agent is heard", () => {
  const queue = new TestQueue();
  queue.agent("a");
  queue.agent("a");
  expect(queue.closed.map(({ code }) => code)).toEqual([4001]);
});

test("a large job that has waited long at the head keeps an agent free for itself", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a", { slots: 2, cpus: 2 });
  const small = [1, 2].map((i) => queue.submit(`small ${i}`, { requirements: { cpus: 1 } }));
  const large = queue.submit("large", { requirements: { cpus: 2 } });
  const late = queue.submit("late", { requirements: { cpus: 1 } });
  for (let passed = 0; passed < 30_000; passed += 5_000) {
    queue.pass(5_000);
    agent.sync();
  }
  const [first, second] = small;
  if (!first || !second) throw new Error("two jobs were submitted");
  agent.finish(first);
  expect(queue.state(late)).toBe("Queued");
  agent.finish(second);
  expect(agent.jobs()).toEqual([large]);
});

test("clients get changes at once while they are few, and four frames a second with the newest states when they are many", () => {
  const queue = new TestQueue();
  const client = queue.client();
  client.frames();
  const jobs = Array.from({ length: 200 }, (_, i) => queue.submit(`${i}`));
  expect(client.frames().length).toBe(20);
  jobs.slice(0, 100).forEach((job) => {
    queue.cancel(job);
  });
  queue.pass(250);
  const [frame, ...rest] = client.frames();
  expect(rest).toEqual([]);
  const states = frame?.type === "JobStateUpdates" ? frame.payload.state.jobs : {};
  expect(Object.keys(states).length).toBe(200);
  expect(Object.values(states).filter((job) => job.finishedReason === "Cancelled").length).toBe(100);
  queue.pass(1_000);
  queue.submit("later");
  expect(client.frames().length).toBe(1);
});

test("an alarm that fires a moment early is armed again", () => {
  const queue = new TestQueue();
  const agent = queue.agent("a");
  const job = queue.submit("1");
  expect(agent.jobs()).toEqual([job]);
  queue.wakeEarly();
  queue.pass(20_001);
  expect(queue.state(job)).toBe("Queued");
});
