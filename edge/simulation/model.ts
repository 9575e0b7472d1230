// The simulated world around one real queue: agents that run jobs, clients that watch, sockets that lose and delay frames,
// a clock that jumps, and a process that dies and starts again from its rows.

import * as v from "valibot";
import { type AgentMessage, AgentOrders, type Finish, type Held } from "../../wire/agentMessages.ts";
import { checkDefinition } from "../../wire/definition.ts";
import { type JobId, Namespace, own } from "../../wire/ids.ts";
import { defaultQueueSettings } from "../limits.ts";
import { NodeSql } from "../node/sqlite.ts";
import { lookups } from "../queue/lookups.ts";
import { Queue, type TurnResult } from "../queue/queue.ts";
import { Sessions } from "../queue/sessions.ts";
import type { Effect } from "../queue/turn.ts";
import { Seeded } from "./seeded.ts";

const queueHash = own.queueHash("0".repeat(64));

function numberOf(attempt: string): number {
  return Number(attempt.split(".")[1]);
}

interface SimAgent {
  readonly secret: string;
  boot: number;
  session: string | undefined;
  welcomed: boolean;
  revision: number;
  /** Attempts whose containers run. */
  held: Map<string, Held>;
  /** Finishes not yet answered. */
  spool: Map<string, Finish>;
  /** Frames on their way to the agent, in order. */
  inbox: string[];
  /** Frames on their way to the queue, with the session they left by. */
  outbox: { session: string; frame: string }[];
}

/** What the queue has let leave about a job. */
export interface Seen {
  /** Every attempt whose finish it answered with `accepted`. */
  readonly accepted: number[];
  /** The newest attempt that it gave out. */
  attempt: number;
}

export class World {
  readonly random: Seeded;
  readonly sql = new NodeSql(":memory:");
  readonly agents: SimAgent[];
  readonly seen = new Map<JobId, Seen>();
  readonly submitted = new Set<JobId>();
  now = 1_000_000;
  queue: Queue;
  sessions = new Sessions();
  alarm: number | undefined;
  #nextSession = 0;
  #nextJob = 0;
  readonly slots: number;

  constructor(seed: number, { agents = 3, slots = 2 } = {}) {
    this.random = new Seeded(seed);
    this.slots = slots;
    this.queue = this.#newQueue();
    this.agents = Array.from({ length: agents }, (_, i) => ({
      secret: `secret of agent ${i} `.repeat(3),
      boot: 0,
      session: undefined,
      welcomed: false,
      revision: 0,
      held: new Map(),
      spool: new Map(),
      inbox: [],
      outbox: [],
    }));
  }

  #newQueue(): Queue {
    return new Queue({
      sql: this.sql,
      queue: queueHash,
      settings: defaultQueueSettings,
      sessions: this.sessions,
      randomEpoch: () => "epoch",
    });
  }

  do<T>({ reply, effects }: TurnResult<T>): T {
    for (const effect of effects) this.#carryOut(effect);
    return reply;
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "wake":
        this.alarm = effect.at;
        return;
      case "close":
        for (const agent of this.agents) if (agent.session === effect.session) this.#unplug(agent);
        return;
      case "send":
        this.#observe(effect.frame);
        for (const agent of this.agents) {
          if (agent.session !== undefined && effect.sessions.includes(agent.session)) agent.inbox.push(effect.frame);
        }
        return;
      case "store":
      case "upload":
        return;
    }
  }

  /** Promises about attempts are about what leaves the queue, whether or not it arrives. */
  #observe(frame: string): void {
    const orders = v.safeParse(AgentOrders, JSON.parse(frame));
    if (!orders.success || orders.output.type !== "orders") return;
    for (const { job, attempt, outcome } of orders.output.answered) {
      if (outcome !== "accepted") continue;
      const seen = this.#seenOf(job);
      if (numberOf(attempt) !== seen.attempt)
        throw new Error(`${job}: ${attempt} was accepted, current is ${seen.attempt}`);
      if (seen.accepted.includes(seen.attempt)) throw new Error(`${job}: ${attempt} was accepted twice`);
      seen.accepted.push(seen.attempt);
    }
    for (const { job, attempt } of orders.output.start) {
      const seen = this.#seenOf(job);
      if (numberOf(attempt) < seen.attempt) throw new Error(`${job}: ${attempt} was given after ${seen.attempt}`);
      if (seen.accepted.includes(numberOf(attempt)))
        throw new Error(`${job}: ${attempt} was given again after its end`);
      seen.attempt = numberOf(attempt);
    }
  }

  // ---- faults

  /** The process dies between turns; all sockets go with it. */
  restartQueue(): void {
    const before = this.#shown();
    this.sessions = new Sessions();
    for (const agent of this.agents) this.#unplug(agent);
    this.alarm = undefined;
    this.queue = this.#newQueue();
    if (this.#shown() !== before) throw new Error("a restart changed what is shown");
    this.do(this.queue.start(this.now));
  }

  /** Every job as clients are shown it, but for the reason it waits, which depends on who is connected. */
  #shown(): string {
    const jobs = this.queue.read(this.now, lookups.list);
    return JSON.stringify(jobs.map(([id, { waiting: _, ...job }]) => [id, job]));
  }

  disconnect(agent: SimAgent): void {
    const { session } = agent;
    this.#unplug(agent);
    if (session !== undefined) this.do(this.queue.closed(this.now, session));
  }

  /** Half-open: the agent thinks it is gone, the queue does not know. */
  abandon(agent: SimAgent): void {
    this.#unplug(agent);
  }

  #unplug(agent: SimAgent): void {
    agent.session = undefined;
    agent.welcomed = false;
    agent.inbox = [];
    agent.outbox = [];
  }

  /** kill -9: containers die with it unless they are adopted by the next boot. */
  crashAgent(agent: SimAgent, adopts: boolean): void {
    this.disconnect(agent);
    agent.boot += 1;
    if (!adopts) agent.held = new Map();
  }

  // ---- what agents do

  connect(agent: SimAgent): void {
    if (agent.session !== undefined) return;
    const session = `s${this.#nextSession++}`;
    agent.session = session;
    this.queue.agentConnected(this.now, session, { origin: "", keyHash: null });
    this.#send(agent, {
      type: "hello",
      protocol: 1,
      secret: agent.secret,
      boot: `boot ${agent.boot}`,
      version: "sim",
      offer: { slots: this.slots, cpus: 8, memoryBytes: 2 ** 33, gpus: 0, tags: [], maxDurationMs: 300_000 },
    });
  }

  sync(agent: SimAgent, declined: readonly Held[] = []): void {
    if (!agent.welcomed) return;
    this.#send(agent, {
      type: "sync",
      revision: agent.revision,
      holds: [...agent.held.values()],
      finished: [...agent.spool.values()],
      declined: declined.map((held) => ({ ...held, why: "full" })),
    });
  }

  finishOne(agent: SimAgent): void {
    const held = this.random.pick([...agent.held.values()]);
    if (!held) return;
    agent.held.delete(held.attempt);
    const statusCode = this.random.below(2);
    agent.spool.set(held.attempt, {
      ...held,
      reason: "Success",
      statusCode,
      result: { StatusCode: statusCode, logs: [], isTimedOut: false, outputs: {} },
    });
    this.sync(agent);
  }

  decline(agent: SimAgent): void {
    const held = this.random.pick([...agent.held.values()]);
    if (!held) return;
    agent.held.delete(held.attempt);
    this.sync(agent, [held]);
  }

  #send(agent: SimAgent, message: AgentMessage): void {
    if (agent.session !== undefined) agent.outbox.push({ session: agent.session, frame: JSON.stringify(message) });
  }

  /** One frame arrives at the queue, now and then twice. */
  deliverToQueue(agent: SimAgent): void {
    const next = agent.outbox.shift();
    if (!next) return;
    this.do(this.queue.agentFrame(this.now, next.session, next.frame));
    if (this.random.chance(0.02)) this.do(this.queue.agentFrame(this.now, next.session, next.frame));
  }

  /** One frame arrives at the agent. */
  deliverToAgent(agent: SimAgent): void {
    const frame = agent.inbox.shift();
    if (frame === undefined) return;
    const orders = v.parse(AgentOrders, JSON.parse(frame));
    if (orders.type === "welcome") {
      agent.welcomed = true;
      agent.revision = orders.revision;
      this.sync(agent);
    }
    if (orders.type !== "orders") return;
    agent.revision = Math.max(agent.revision, orders.revision);
    for (const { attempt } of orders.stop) agent.held.delete(attempt);
    for (const { job, attempt } of orders.start) {
      if (!agent.spool.has(attempt)) agent.held.set(attempt, { job, attempt });
    }
    for (const { attempt } of orders.answered) agent.spool.delete(attempt);
  }

  #seenOf(job: JobId): Seen {
    const known = this.seen.get(job) ?? { accepted: [], attempt: 0 };
    this.seen.set(job, known);
    return known;
  }

  // ---- what clients do

  /** Every other submission is of a job that was submitted before. */
  submit(namespace: string): JobId {
    const number = this.random.chance(0.5) ? this.#nextJob++ : this.random.below(this.#nextJob + 1);
    const check = checkDefinition({ image: "x", command: `job ${number}` });
    if (!check.ok) throw new Error(check.error);
    const checked = check.value;
    this.do(this.queue.submit(this.now, { checked, namespace: v.parse(Namespace, namespace), debug: false }));
    this.submitted.add(checked.id);
    return checked.id;
  }

  cancel(job: JobId, namespace: string): void {
    this.do(this.queue.cancel(this.now, job, v.parse(Namespace, namespace), "sim"));
  }

  // ---- time

  advance(ms: number): void {
    this.now += ms;
    // Timers may fire a moment early; the alarm is then used up.
    if (this.alarm !== undefined && (this.alarm <= this.now || this.random.chance(0.02))) {
      this.alarm = undefined;
      this.do(this.queue.wake(this.now));
    }
  }
}
