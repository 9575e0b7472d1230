// The simulated world: two queues over one database, agents that serve both, clients of each, and one clock.

import * as v from "valibot";
import { type JobId, Namespace, own } from "../../wire/ids.ts";
import { defaultQueueSettings, type QueueSettings } from "../limits.ts";
import { NodeSql } from "../node/sqlite.ts";
import type { Callbacks } from "../queue/callbacks.ts";
import type { QueueEvent } from "../queue/queue.ts";
import { migrate } from "../queue/schema.ts";
import { saying } from "./agentSocket.ts";
import { definitions } from "./demand.ts";
import { Seeded } from "./seeded.ts";
import { SimulatedAgent } from "./simulatedAgent.ts";
import { type QueueWorld, SimulatedQueue } from "./simulatedQueue.ts";

const namespaces = ["_", "_", "a", "b"].map((name) => v.parse(Namespace, name));
const minuteMs = 60_000;

export class World implements QueueWorld {
  readonly random: Seeded;
  readonly sql = new NodeSql(":memory:");
  readonly settings: QueueSettings;
  readonly queues: readonly SimulatedQueue[];
  readonly agents: readonly SimulatedAgent[];
  now = 1_000_000;
  /** Nothing is lost, repeated or overtaken any more. */
  isCalm = false;

  constructor(seed: number) {
    this.random = new Seeded(seed);
    // Results as rows or as objects, shared between queues or not; kept for so short a time that they also go.
    this.settings = {
      ...defaultQueueSettings,
      publish: seed % 2 === 0 ? "rows" : "objects",
      cacheScope: seed % 4 === 0 ? "deployment" : "queue",
      finishedListMs: 20 * minuteMs,
      resultKeepMs: 40 * minuteMs,
    };
    migrate(this.sql);
    this.queues = ["one", "two"].map((name, i) => new SimulatedQueue(this, own.queueHash(`${i}`.repeat(64)), name));
    // The first can't run everything; each of the others can.
    const capacities = [
      { slots: 3, cpus: 2, gpus: 0, tags: [] },
      { slots: 2, cpus: 4, gpus: 1, tags: ["big"] },
      { slots: 2, cpus: 2, gpus: 1, tags: ["big"] },
    ];
    this.agents = capacities.map((capacity, i) => new SimulatedAgent(`${i}`, this.queues, capacity, this.random));
  }

  // ---- what clients do

  submit(queue: SimulatedQueue): void {
    queue.together(this.#submission(queue));
  }

  #submission(queue: SimulatedQueue): readonly QueueEvent[] {
    const { random } = this;
    const checked = random.pick(definitions);
    const namespace = random.pick(namespaces);
    if (!checked || !namespace) return [];
    const callbacks = random.chance(0.2) ? this.#callbacks() : {};
    if (callbacks.finished) queue.webhooks.ask(checked.id, namespace);
    const patienceMs = random.chance(0.1) ? 1_000 + random.below(60_000) : null;
    queue.submitted.add(checked.id);
    const submission = { checked, namespace, callbacks, patienceMs, debug: false };
    return [
      (real, now) => {
        const { reply, effects } = real.submit(now, submission);
        if (reply.type === "refused") throw new Error(`a submission was refused: ${reply.error}`);
        return effects;
      },
    ];
  }

  /** Much arrives at the same moment: the frames of several agents, submissions before, between and after them. */
  burst(queue: SimulatedQueue): void {
    const lines = this.agents.flatMap((agent) => agent.lines.filter((line) => line.queue === queue));
    const events = lines.flatMap(({ socket }) => [
      ...(this.random.chance(0.5) ? this.#submission(queue) : []),
      ...(socket?.isOpen ? socket.up.splice(0, this.random.below(4)).map((frame) => saying(socket, frame)) : []),
    ]);
    queue.together([...events, ...this.#submission(queue)]);
  }

  #callbacks(): Callbacks {
    const target = { url: "https://hooks.example/", secret: null, payload: {}, queueName: "q", origin: "" };
    return { finished: target, ...(this.random.chance(0.5) ? { queued: target } : {}) };
  }

  cancel(queue: SimulatedQueue): void {
    const job = this.random.pick([...queue.submitted]);
    const namespace = this.random.chance(0.2) ? "*" : this.random.pick(namespaces);
    if (job && namespace) queue.do(queue.queue.cancel(this.now, job, namespace, "by a client"));
  }

  /** Deletes a job over a client's socket; returns which. */
  delete(queue: SimulatedQueue): JobId | undefined {
    const job = this.random.pick([...queue.submitted]);
    const [client] = queue.watchers;
    if (!job || !client) return undefined;
    const value = { reason: "Deleted", namespace: "*" };
    const frame = JSON.stringify({ type: "StateChange", payload: { state: "Finished", job, value } });
    queue.do(queue.queue.clientFrame(this.now, client.session, frame));
    return job;
  }

  /** Runs that ended with a result. */
  get finishes(): number {
    return this.queues.reduce((sum, { promises }) => sum + promises.finishes, 0);
  }

  advance(ms: number): void {
    this.now += ms;
    for (const queue of this.queues) queue.tick();
  }
}
