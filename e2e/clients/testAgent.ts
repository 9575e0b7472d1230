// A tiny agent: it holds what it is given, and finishes it when the test says so. No container runs.

import * as v from "valibot";
import {
  type AgentMessage,
  AgentOrders,
  type Finish,
  type FinishAnswer,
  type Held,
  type Start,
} from "../../wire/agentMessages.ts";
import { paths } from "../../wire/http.ts";
import { agentProtocol } from "../../wire/limits.ts";
import type { JobResult } from "../../wire/result.ts";
import type { QueueApi } from "./queueApi.ts";
import { TestSocket } from "./socket.ts";

type Orders = Extract<AgentOrders, { type: "orders" }>;
type Sync = Extract<AgentMessage, { type: "sync" }>;
type Hello = Extract<AgentMessage, { type: "hello" }>;

/** Whose agent it is, and which start of its process. */
export interface AgentIdentity {
  readonly secret: string;
  readonly boot: string;
}

export function newIdentity(): AgentIdentity {
  return { secret: crypto.randomUUID() + crypto.randomUUID(), boot: crypto.randomUUID() };
}

const defaultOffer: Hello["offer"] = {
  slots: 4,
  cpus: 4,
  memoryBytes: 4 * 1024 ** 3,
  gpus: 0,
  tags: [],
  maxDurationMs: 600_000,
};

export class TestAgent {
  readonly socket: TestSocket;
  readonly identity: AgentIdentity;
  /** What it believes to run. */
  #held: readonly Held[];
  #revision = 0;
  #applied = 0;

  private constructor(socket: TestSocket, identity: AgentIdentity, held: readonly Held[]) {
    this.socket = socket;
    this.identity = identity;
    this.#held = held;
  }

  /** Connected, before its first word. `held` is what it still runs from before. */
  static async open(
    api: QueueApi,
    { identity = newIdentity(), held = [] }: { identity?: AgentIdentity; held?: readonly Held[] } = {},
  ): Promise<TestAgent> {
    return new TestAgent(await TestSocket.open(api.origin, paths.agent(api.queue)), identity, held);
  }

  /** Connected, welcome, and synced: it takes jobs. */
  static async connect(
    api: QueueApi,
    {
      offer = {},
      ...parts
    }: { identity?: AgentIdentity; held?: readonly Held[]; offer?: Partial<Hello["offer"]> } = {},
  ): Promise<TestAgent> {
    const agent = await TestAgent.open(api, parts);
    agent.hello({ offer: { ...defaultOffer, ...offer } });
    await agent.welcome();
    await agent.sync();
    return agent;
  }

  hello(fields: Partial<Hello> = {}): void {
    const { secret, boot } = this.identity;
    this.socket.send({
      type: "hello",
      protocol: agentProtocol,
      secret,
      boot,
      version: "test",
      offer: defaultOffer,
      ...fields,
    });
  }

  welcome(): Promise<Extract<AgentOrders, { type: "welcome" }>> {
    return this.socket.frames.find("welcome", (frame) => {
      const order = ordersOf(frame);
      return order?.type === "welcome" ? order : undefined;
    });
  }

  refusal(): Promise<Extract<AgentOrders, { type: "refused" }>> {
    return this.socket.frames.find("refusal", (frame) => {
      const order = ordersOf(frame);
      return order?.type === "refused" ? order : undefined;
    });
  }

  /** One exchange: the first orders that come after it. What it was told to start until now it holds. */
  async sync(fields: Partial<Sync> = {}): Promise<Orders> {
    this.#apply();
    const from = this.socket.frames.all.length;
    this.#sendSync(fields);
    return this.socket.frames.find("orders", (frame) => asOrders(frame), { from });
  }

  /** The order to start this job. */
  started(job: string, { from = 0, limitMs }: { from?: number; limitMs?: number } = {}): Promise<Start> {
    return this.socket.frames.find(
      `order to start ${job}`,
      (frame) => asOrders(frame)?.start.find((order) => order.job === job),
      { from, ...(limitMs === undefined ? {} : { limitMs }) },
    );
  }

  /** The first order to start a job that is none of these. */
  nextStart(but: ReadonlySet<string>): Promise<Start> {
    return this.socket.frames.find("order to start another job", (frame) =>
      asOrders(frame)?.start.find(({ job }) => !but.has(job)),
    );
  }

  /** Every order to start this job that has come on this connection. */
  startsOf(job: string): Start[] {
    return this.socket.frames.all.flatMap((frame) => asOrders(frame)?.start ?? []).filter((start) => start.job === job);
  }

  stopped(job: string): Promise<Orders["stop"][number]> {
    return this.socket.frames.find(`order to stop ${job}`, (frame) =>
      asOrders(frame)?.stop.find((order) => order.job === job),
    );
  }

  progress({ job, attempt }: Held, phase: string, message: string): void {
    this.socket.send({ type: "progress", job, attempt, phase, message });
  }

  logs({ job, attempt }: Held, first: number, texts: readonly string[]): void {
    const lines = texts.map((text, index) => [text, index]);
    this.socket.send({ type: "logs", job, attempt, step: "Running", first, lines });
  }

  /** Reports the end of an attempt; returns how that was answered. */
  async finish({ job, attempt }: Held, fields: Partial<Finish> = {}): Promise<FinishAnswer> {
    this.#apply();
    this.#held = this.#held.filter((other) => other.attempt !== attempt);
    const success = { reason: "Success", statusCode: 0, result: resultWith({}) } as const;
    const from = this.socket.frames.all.length;
    this.#sendSync({ finished: [{ job, attempt, ...success, ...fields }] });
    return this.socket.frames.find(
      `answer to the finish of ${attempt}`,
      (frame) => asOrders(frame)?.answered.find((one) => one.attempt === attempt),
      { from },
    );
  }

  /** Waits until it is told to start the job, and reports its end at once. */
  async run(job: string, fields: Partial<Finish> = {}): Promise<Start> {
    const start = await this.started(job);
    const { outcome } = await this.finish(start, fields);
    if (outcome !== "accepted") throw new Error(`The finish of ${job} was ${outcome}`);
    return start;
  }

  #sendSync(fields: Partial<Sync>): void {
    const nothing = { finished: [], declined: [] };
    this.socket.send({ type: "sync", revision: this.#revision, holds: this.#held, ...nothing, ...fields });
  }

  // Orders that came since the last look.
  #apply(): void {
    const frames = this.socket.frames.all;
    for (; this.#applied < frames.length; this.#applied++) {
      const frame = ordersOf(frames[this.#applied]);
      if (frame?.type === "welcome") this.#revision = Math.max(this.#revision, frame.revision);
      if (frame?.type !== "orders") continue;
      this.#revision = frame.revision;
      const gone = new Set([...frame.stop, ...frame.start].map(({ attempt }) => attempt));
      const starts = frame.start.map(({ job, attempt }) => ({ job, attempt }));
      this.#held = [...this.#held.filter(({ attempt }) => !gone.has(attempt)), ...starts];
    }
  }
}

/** A container's result with these outputs. */
export function resultWith(outputs: JobResult["outputs"]): JobResult {
  return { StatusCode: 0, logs: [["done", 1]], duration: 12, isTimedOut: false, outputs };
}

function ordersOf(frame: unknown): AgentOrders | undefined {
  const parsed = v.safeParse(AgentOrders, frame);
  return parsed.success ? parsed.output : undefined;
}

function asOrders(frame: unknown): Orders | undefined {
  const order = ordersOf(frame);
  return order?.type === "orders" ? order : undefined;
}
