// A queue on an in-memory database with agents and clients that a test moves by hand, on a clock that only the test moves.

import * as v from "valibot";
import { type AgentMessage, AgentOrders, type Held, type Offer } from "../../wire/agentMessages.ts";
import { type ClientMessage, ServerMessage } from "../../wire/clientMessages.ts";
import { checkDefinition } from "../../wire/definition.ts";
import { type JobId, Namespace, own, type QueueHash } from "../../wire/ids.ts";
import type { Job } from "../../wire/job.ts";
import { defaultQueueSettings, type QueueSettings } from "../limits.ts";
import { NodeSql } from "../node/sqlite.ts";
import type { Call } from "./callbacks.ts";
import { lookups } from "./lookups.ts";
import { Queue, type QueueEvent } from "./queue.ts";
import { type ClientCaller, Sessions } from "./sessions.ts";
import type { Submission, SubmitOutcome } from "./submit.ts";
import type { Effect } from "./turn.ts";
import type { TurnResult } from "./turns.ts";

type More = Pick<Submission, "client" | "callbacks" | "patienceMs"> & {
  namespace?: string;
  requirements?: object;
  tags?: string[];
};

export class TestQueue {
  readonly sql: NodeSql;
  readonly settings: QueueSettings;
  readonly #hash: QueueHash;
  /** Everything that left and is not a frame to a test's own socket. */
  readonly stored: Extract<Effect, { type: "store" }>[] = [];
  readonly calls: Call[] = [];
  readonly closed: Extract<Effect, { type: "close" }>[] = [];
  readonly #frames = new Map<string, string[]>();
  now = 1_000_000;
  /** How often the alarm has fired. */
  wakes = 0;
  queue: Queue;
  #alarm: number | undefined;
  #sockets = 0;

  /** Several may be over one database, each with a digit for its hash. */
  constructor(settings: Partial<QueueSettings> = {}, sql = new NodeSql(":memory:"), digit = "0") {
    this.sql = sql;
    this.#hash = own.queueHash(digit.repeat(64));
    this.settings = { ...defaultQueueSettings, ...settings };
    this.queue = this.#open();
  }

  #open(): Queue {
    return new Queue({
      sql: this.sql,
      queue: this.#hash,
      settings: this.settings,
      sessions: new Sessions(),
      randomEpoch: () => "epoch",
    });
  }

  do<T>({ reply, effects }: TurnResult<T>): T {
    for (const effect of effects) {
      if (effect.type === "wake") this.#alarm = effect.at;
      if (effect.type === "store") this.stored.push(effect);
      if (effect.type === "call") this.calls.push(effect.call);
      if (effect.type === "close") this.closed.push(effect);
      if (effect.type === "send") for (const id of effect.sessions) this.#frames.get(id)?.push(effect.frame);
    }
    return reply;
  }

  /** Moves the clock; the alarm fires when it is due, as often as it is armed. */
  pass(ms: number): void {
    const end = this.now + ms;
    while (this.#alarm !== undefined && this.#alarm <= end) {
      this.now = Math.max(this.now, this.#alarm);
      this.#alarm = undefined;
      this.wakes += 1;
      this.do(this.queue.wake(this.now));
    }
    this.now = end;
  }

  /** A timer that fires before its time, as real ones do by a fraction of a millisecond. */
  wakeEarly(): void {
    this.#alarm = undefined;
    this.do(this.queue.wake(this.now));
  }

  /** Nothing runs for a while: a slept laptop. */
  sleep(ms: number): void {
    this.now += ms;
  }

  /** The process ends, its sockets with it, and a new one opens the same rows. */
  restart(): void {
    this.#alarm = undefined;
    this.queue = this.#open();
    this.do(this.queue.start(this.now));
  }

  tryTo(command: string, more: More = {}): SubmitOutcome {
    const { namespace = "_", client = null, callbacks = {}, patienceMs = null, ...rest } = more;
    const check = checkDefinition({ image: "x", command, ...rest });
    if (!check.ok) throw new Error(check.error);
    const { value: checked } = check;
    const how = { client, callbacks, patienceMs, debug: false };
    return this.do(this.queue.submit(this.now, { checked, namespace: v.parse(Namespace, namespace), ...how }));
  }

  submit(command: string, more: More = {}): JobId {
    return this.tryTo(command, more).id;
  }

  cancel(job: JobId, namespace = "_"): string {
    const name = namespace === "*" ? namespace : v.parse(Namespace, namespace);
    return this.do(this.queue.cancel(this.now, job, name, "by a test")).type;
  }

  job(id: JobId): Job | undefined {
    return this.queue.read(this.now, (turn) => lookups.job(turn, id));
  }

  /** "Queued", "Running" or how it finished. */
  state(id: JobId): string | undefined {
    const job = this.job(id);
    return job?.finishedReason ?? job?.state;
  }

  socket(): { id: string; frames: string[] } {
    const id = `socket ${this.#sockets++}`;
    const frames: string[] = [];
    this.#frames.set(id, frames);
    return { id, frames };
  }

  /** `client` is the hash of its address, if it is limited by it. */
  client(client: string | null = null): TestClient {
    return new TestClient(this, { client, queueName: "test", origin: "http://localhost:8000" });
  }

  agent(name: string, offer: Partial<Offer> = {}): TestAgent {
    const agent = new TestAgent(this, name, offer);
    agent.connect();
    return agent;
  }
}

export class TestClient {
  readonly #queue: TestQueue;
  readonly #socket: { id: string; frames: string[] };

  constructor(queue: TestQueue, caller: ClientCaller) {
    this.#queue = queue;
    this.#socket = queue.socket();
    queue.do(queue.queue.clientConnected(queue.now, this.#socket.id, caller));
  }

  send(message: ClientMessage | string): void {
    const frame = typeof message === "string" ? message : JSON.stringify(message);
    this.#queue.do(this.#queue.queue.clientFrame(this.#queue.now, this.#socket.id, frame));
  }

  /** The frames since the last call. */
  frames(): readonly ServerMessage[] {
    return this.#socket.frames.splice(0).map((frame) => v.parse(ServerMessage, JSON.parse(frame)));
  }

  /** The states of one job in the order in which they were announced, since the last call. */
  states(id: JobId): readonly string[] {
    return this.frames().flatMap(({ type, payload }) => {
      const job = type === "JobStateUpdates" || type === "JobStates" ? payload.state.jobs[id] : undefined;
      return job ? [job.finishedReason ?? job.state] : [];
    });
  }
}

export class TestAgent {
  readonly #queue: TestQueue;
  readonly #offer: Offer;
  readonly #name: string;
  #socket: { id: string; frames: string[] } | undefined;
  boot = "boot 1";
  revision = 0;
  held: Held[] = [];
  answers: string[] = [];
  stopped: string[] = [];

  constructor(queue: TestQueue, name: string, offer: Partial<Offer>) {
    this.#queue = queue;
    this.#name = name;
    this.#offer = { slots: 1, cpus: 4, memoryBytes: 2 ** 32, gpus: 0, tags: [], maxDurationMs: 300_000, ...offer };
  }

  /** A new socket: hello, welcome, first sync. */
  connect(): void {
    const queue = this.#queue;
    this.#socket = queue.socket();
    queue.queue.agentConnected(queue.now, this.#socket.id, { origin: "", keyHash: null });
    this.send({
      type: "hello",
      protocol: 1,
      secret: `the secret of ${this.#name}`.padEnd(40, "."),
      boot: this.boot,
      version: "test",
      offer: this.#offer,
    });
    this.receive();
    this.sync();
  }

  send(message: AgentMessage): void {
    const queue = this.#queue;
    if (this.#socket) queue.do(queue.queue.agentFrame(queue.now, this.#socket.id, JSON.stringify(message)));
  }

  /** Frames that arrive at the same moment. */
  sendTogether(messages: readonly AgentMessage[]): void {
    const { id = "" } = this.#socket ?? {};
    const events = messages.map(
      (message): QueueEvent =>
        (queue, now) =>
          queue.agentFrame(now, id, JSON.stringify(message)).effects,
    );
    this.#queue.do({ reply: undefined, effects: this.#queue.queue.together(this.#queue.now, events) });
  }

  sync(more: Partial<Extract<AgentMessage, { type: "sync" }>> = {}): void {
    const { revision, held: holds } = this;
    this.send({ type: "sync", revision, holds, finished: [], declined: [], ...more });
    this.receive();
  }

  /** Takes what has arrived. */
  receive(): void {
    for (const frame of this.#socket?.frames.splice(0) ?? []) {
      const orders = v.parse(AgentOrders, JSON.parse(frame));
      if (orders.type === "welcome") this.revision = orders.revision;
      if (orders.type !== "orders") continue;
      this.revision = orders.revision;
      this.stopped.push(...orders.stop.map(({ reason }) => reason));
      this.held = this.held.filter(({ attempt }) => !orders.stop.some((stop) => stop.attempt === attempt));
      this.held.push(...orders.start.map(({ job, attempt }) => ({ job, attempt })));
      this.answers.push(...orders.answered.map(({ outcome }) => outcome));
    }
  }

  /** What it runs, after taking what has arrived. */
  jobs(): readonly JobId[] {
    this.receive();
    return this.held.map(({ job }) => job);
  }

  finish(job: JobId, statusCode = 0): void {
    this.receive();
    const held = this.held.find((one) => one.job === job);
    if (!held) throw new Error(`The agent does not hold ${job}.`);
    this.held = this.held.filter((one) => one !== held);
    this.report(held, statusCode);
  }

  /** Reports the end of an attempt, whoever's it is now. */
  report(held: Held, statusCode = 0): void {
    const result = { StatusCode: statusCode, logs: [], isTimedOut: false, outputs: {} };
    this.sync({ finished: [{ ...held, reason: "Success", statusCode, result }] });
  }

  disconnect(): void {
    const queue = this.#queue;
    if (this.#socket) queue.do(queue.queue.closed(queue.now, this.#socket.id));
    this.#socket = undefined;
  }

  /** The process dies and starts again; containers that it does not adopt are gone. */
  reboot(): void {
    this.disconnect();
    this.boot += "+";
    this.held = [];
  }
}
