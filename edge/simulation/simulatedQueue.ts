// One real queue with a simulated shell around it: sockets, an alarm, a store and webhooks' receivers, all of which may be
// slow, fail, or be lost with the process. Whatever leaves the queue is held to its promises.

import * as v from "valibot";
import { AgentOrders } from "../../wire/agentMessages.ts";
import type { JobId, QueueHash } from "../../wire/ids.ts";
import type { QueueSettings } from "../limits.ts";
import { lookups } from "../queue/lookups.ts";
import { Queue, type QueueEvent } from "../queue/queue.ts";
import { Sessions } from "../queue/sessions.ts";
import type { Sql } from "../queue/sql.ts";
import type { Effect } from "../queue/turn.ts";
import type { TurnResult } from "../queue/turns.ts";
import type { AgentSocket } from "./agentSocket.ts";
import { Promises } from "./promises.ts";
import type { Seeded } from "./seeded.ts";
import { Watcher } from "./watcher.ts";
import { Webhooks } from "./webhooks.ts";

export interface QueueWorld {
  readonly random: Seeded;
  readonly sql: Sql;
  readonly settings: QueueSettings;
  now: number;
  /** Nothing is lost, repeated or overtaken any more. */
  isCalm: boolean;
}

type Sent = Pick<Extract<Effect, { type: "send" }>, "sessions" | "frame">;
type Stored = Extract<Effect, { type: "store" }>;

export class SimulatedQueue {
  readonly world: QueueWorld;
  readonly hash: QueueHash;
  readonly epoch: string;
  readonly promises: Promises;
  readonly webhooks = new Webhooks();
  readonly agentSockets = new Map<string, AgentSocket>();
  readonly watchers: Watcher[] = [];
  readonly submitted = new Set<JobId>();
  queue: Queue;
  #sessions = new Sessions();
  #alarm: number | undefined;
  /** What the store was asked and has not answered. */
  #stores: Stored[] = [];
  #sockets = 0;
  #hasTurned = false;

  constructor(world: QueueWorld, hash: QueueHash, epoch: string) {
    this.world = world;
    this.hash = hash;
    this.epoch = epoch;
    this.promises = new Promises(world.sql, hash);
    this.queue = this.#open();
    this.watch();
  }

  #open(): Queue {
    const { sql, settings } = this.world;
    return new Queue({ sql, queue: this.hash, settings, sessions: this.#sessions, randomEpoch: () => this.epoch });
  }

  newSession(): string {
    return `${this.epoch} ${this.#sockets++}`;
  }

  /** What arrives at the same moment is one turn. */
  together(events: readonly QueueEvent[]): void {
    this.do({ reply: undefined, effects: this.queue.together(this.world.now, events) });
  }

  /** Carries out what a turn returned, unless the process dies between its commit and that. */
  do<T>({ reply, effects }: TurnResult<T>): T {
    this.#hasTurned = true;
    if (!this.world.isCalm && this.world.random.chance(0.0005)) {
      // What was decided holds, although nobody has been told.
      for (const effect of effects) if (effect.type === "send") this.#decided(effect);
      this.crash();
      return reply;
    }
    for (const effect of effects) this.#carryOut(effect);
    return reply;
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "wake":
        this.#alarm = effect.at;
        return;
      case "close":
        this.agentSockets.get(effect.session)?.closed();
        this.agentSockets.delete(effect.session);
        return;
      case "send":
        this.#send(effect);
        return;
      case "store":
        this.#stores.push(effect);
        return;
      case "call":
        this.webhooks.take(effect.call);
        return;
      case "upload":
        return;
    }
  }

  #send({ sessions, frame }: Sent): void {
    for (const watcher of this.watchers) if (sessions.includes(watcher.session)) watcher.receive(JSON.parse(frame));
    const orders = this.#decided({ sessions, frame });
    if (orders) this.agentSockets.get(sessions[0] ?? "")?.down.push(orders);
  }

  /** A frame for an agent is held to the promises. */
  #decided({ sessions, frame }: Sent): AgentOrders | undefined {
    const agent = this.#sessions.agent(sessions[0] ?? "");
    if (!agent) return undefined;
    const orders = v.parse(AgentOrders, JSON.parse(frame));
    if (orders.type === "orders") this.promises.ordered(orders, agent);
    return orders;
  }

  // ---- clients

  /** A client that watches from now on. */
  watch(): void {
    const watcher = new Watcher(this.newSession());
    this.watchers.push(watcher);
    this.do(this.queue.clientConnected(this.world.now, watcher.session, { client: null, queueName: "q", origin: "" }));
  }

  /** Once nothing is held back, every client sees what the queue would list. */
  checkWatchers(): void {
    // So long after the last frames, none is held back.
    this.world.now += 1_000;
    this.wake();
    const jobs = this.queue.read(this.world.now, lookups.list);
    for (const watcher of this.watchers) watcher.check(jobs);
  }

  // ---- time

  wake(): void {
    this.#alarm = undefined;
    this.do(this.queue.wake(this.world.now));
  }

  /** The alarm fires when it is due, now and then a moment early. */
  tick(): void {
    if (this.#alarm !== undefined && (this.#alarm <= this.world.now || this.world.random.chance(0.02))) this.wake();
  }

  // ---- the store and the receivers of webhooks

  /** The store answers one question, in any order: well, badly, or after the process that asked is gone. */
  storeOne(works: boolean): void {
    const index = this.world.random.below(this.#stores.length);
    const [asked] = this.#stores.splice(index, 1);
    if (!asked) return;
    const { job, kind } = asked;
    if (kind === "result" || kind === "run") {
      const decided = this.queue.read(this.world.now, (turn) => lookups.decided(turn, job));
      if (decided) this.promises.published(job, decided.job);
    }
    this.do(this.queue.stored(this.world.now, job, kind, works));
  }

  callOne(works: boolean): void {
    const call = this.webhooks.next(this.world.random);
    if (!call) return;
    const outcome = works ? "delivered" : "failed";
    if (works) this.webhooks.arrived(call);
    this.do(this.queue.called(this.world.now, call.id, outcome, this.world.random.next()));
  }

  // ---- ends of the process

  /** It dies between turns; all sockets go with it, and what the store and the receivers have yet to answer. */
  crash(): void {
    const before = this.#shown();
    this.#sessions = new Sessions();
    for (const socket of this.agentSockets.values()) socket.closed();
    this.agentSockets.clear();
    this.#restarted(before);
    const { length } = this.watchers.splice(0);
    for (let i = 0; i < length; i++) this.watch();
  }

  /** It sleeps and wakes with the sockets that it had; nothing was held back. */
  hibernate(): void {
    this.checkWatchers();
    const before = this.#shown();
    const sessions = new Sessions();
    for (const agent of this.agentSockets.keys()) {
      const session = this.#sessions.agent(agent);
      if (session) sessions.restore(session);
    }
    for (const { session } of this.watchers) {
      const client = this.#sessions.client(session);
      if (client) sessions.restore(client);
    }
    this.#sessions = sessions;
    this.#restarted(before);
  }

  #restarted(before: string): void {
    this.#alarm = undefined;
    this.#stores = [];
    this.webhooks.lost();
    this.queue = this.#open();
    if (this.#shown() !== before) throw new Error("a restart changed what is shown");
    this.do(this.queue.start(this.world.now));
  }

  /** Every job as clients are shown it, but for the reason it waits, which depends on who is connected; and the numbers. */
  #shown(): string {
    const { now } = this.world;
    const jobs = this.queue.read(now, lookups.list);
    const { queued, running, finished, webhooks, counters } = this.queue.read(now, lookups.metrics);
    return JSON.stringify([
      jobs.map(([id, { waiting: _, ...job }]) => [id, job]),
      { queued, running, finished, webhooks, counters },
    ]);
  }

  /** Nothing is left to do. */
  checkEnded(): void {
    this.promises.checkEnded();
    this.webhooks.checkEnded();
    this.checkWatchers();
    if (this.#stores.length > 0) throw new Error(`the store was asked ${this.#stores.length} times too often`);
  }

  /** After a step: `deleted` is what a client deleted in it. */
  checkStep(step: number, deleted: JobId | undefined): void {
    if (this.#hasTurned) {
      this.promises.checkRows(deleted);
      this.promises.checkAlarm(this.#alarm, this.world.now);
    }
    this.#hasTurned = false;
    if (step % 50 === 0) this.promises.checkCounters();
    if (step % 200 === 0) this.checkWatchers();
  }

  get isBusy(): boolean {
    return this.#stores.length > 0 || this.webhooks.isBusy;
  }
}
