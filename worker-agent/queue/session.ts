// One queue's session: says hello, tells what this agent holds and has finished, and applies the queue's orders. It decides
// nothing about jobs; the agent does. Everything it sends may be lost or repeated.

import * as v from "valibot";
import type { AgentMessage, AgentOrders, Held } from "../../wire/agentMessages.ts";
import { paths } from "../../wire/http.ts";
import { QueueHash } from "../../wire/ids.ts";
import { agentProtocol, shortTextCharsMax, syncEveryMsMax, syncEveryMsMin } from "../../wire/limits.ts";
import type { JobPhase } from "../../wire/result.ts";
import type { LogBatch } from "../job/logBacklog.ts";
import type { ProgressNote } from "../job/phases.ts";
import { resendMs, welcomeMs } from "../limits.ts";
import { type LogSink, shortQueue } from "../log.ts";
import { settledWithin } from "../retry.ts";
import type { World } from "../world.ts";
import { parseOrders } from "./orders.ts";
import { Outbox } from "./outbox.ts";
import { type AskUpload, Questions } from "./questions.ts";
import { type ConnectionEnd, keepConnected } from "./reconnect.ts";
import type { SessionHost, Welcome } from "./sessionHost.ts";
import { holdSocket, type OpenSocket } from "./socket.ts";

export interface SessionOptions {
  readonly api: string;
  readonly queueName: string;
  readonly secret: string;
  readonly key?: string;
  readonly name?: string;
  readonly version: string;
  /** This start of this process. */
  readonly boot: string;
  readonly world: World;
  readonly host: SessionHost;
  readonly log: LogSink;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #readyWaiters = new Set<() => void>();
  readonly #ordersWaiters = new Set<() => void>();
  readonly #outbox = new Outbox();
  readonly #questions: Questions;
  #socket: OpenSocket | undefined;
  #welcome: Welcome | undefined;
  #welcomed = false;
  #revision = 0;
  readonly #firstWelcome = Promise.withResolvers<void>();
  #syncTimer: NodeJS.Timeout | undefined;
  #syncing = false;
  #refusal: string | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { newId } = options.world;
    this.#questions = new Questions({ newId, send: (request) => this.connected && void this.#send(request) });
  }

  /** A step of an upload in parts. It is answered when the queue is there. */
  readonly ask: AskUpload = (step, signal) => this.#questions.ask(step, signal);

  /** Keeps a connection until the signal is aborted, or a newer session of this agent has taken over. */
  async run(signal: AbortSignal): Promise<void> {
    const { world, log } = this.#options;
    await keepConnected({ connect: () => this.#connection(signal), random: world.random, log, signal });
  }

  /** Something that the queue should know has changed. Several changes at once become one frame. */
  changed(): void {
    if (this.#syncing) return;
    this.#syncing = true;
    setImmediate(() => {
      this.#syncing = false;
      this.#sync(false);
    });
  }

  /** The queue that this session serves, once it was welcomed the first time. */
  get queue(): QueueHash | undefined {
    return this.#welcome?.queue;
  }

  /** Resolves when `queue` is known. */
  get known(): Promise<void> {
    return this.#firstWelcome.promise;
  }

  get connected(): boolean {
    return this.#socket !== undefined && this.#welcomed;
  }

  progress(held: Held, phase: JobPhase, { message, amount }: ProgressNote): void {
    const { job, attempt } = held;
    if (!this.connected) return;
    // Only news: what is not told now is told by the next one.
    void this.#send({
      type: "progress",
      job,
      attempt,
      phase,
      ...(message === undefined ? {} : { message: message.slice(0, shortTextCharsMax) }),
      ...(amount === undefined ? {} : { amount }),
    });
  }

  /** Resolves when the lines have left, which may take until the queue is back. */
  async logs({ job, attempt }: Held, batch: LogBatch): Promise<void> {
    const message = { type: "logs", job, attempt, step: batch.step, first: batch.first, lines: batch.lines } as const;
    while (!(this.connected && (await this.#send(message)))) await this.#nextWelcome();
  }

  /** Gives an attempt back that this agent will not run to its end. It returns to its place in the queue. */
  giveBack(held: Held, why: string): void {
    this.#outbox.decline(held, why);
    this.changed();
  }

  /** Tells everything now; resolves when the queue has answered and `enough` holds. Never while there is no connection. */
  async answered(enough: () => boolean): Promise<void> {
    this.#sync(true);
    do await new Promise<void>((resolve) => this.#ordersWaiters.add(resolve));
    while (!enough());
  }

  async #connection(signal: AbortSignal): Promise<ConnectionEnd> {
    const { api, queueName } = this.#options;
    const url = new URL(paths.agent(queueName), api);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#welcomed = false;
    this.#refusal = undefined;
    let patience: NodeJS.Timeout | undefined;
    const end = await holdSocket({
      url: url.href,
      signal,
      opened: (socket) => {
        this.#socket = socket;
        this.#hello();
        patience = setTimeout(() => this.#welcomed || socket.close(), welcomeMs);
      },
      frame: (text) => this.#heard(text),
    });
    clearTimeout(patience);
    clearTimeout(this.#syncTimer);
    this.#socket = undefined;
    const refused = end.kind === "refused" && this.#refusal !== undefined;
    return { end: refused ? { kind: "refused", why: this.#refusal ?? end.why } : end, welcomed: this.#welcomed };
  }

  #hello(): void {
    const { secret, key, name, version, boot, host } = this.#options;
    const offer = host.offer(this.#welcome?.queue);
    this.#outbox.begin(offer);
    void this.#send({
      type: "hello",
      protocol: agentProtocol,
      secret,
      boot,
      version,
      offer,
      ...(key === undefined ? {} : { key }),
      ...(name === undefined ? {} : { name }),
    });
  }

  #heard(text: string): void {
    const orders = parseOrders(text);
    this.#options.log({ event: "frame heard", level: "debug", type: orders?.type ?? "unknown", bytes: text.length });
    if (!orders) return;
    switch (orders.type) {
      case "welcome":
        this.#welcomeHeard(orders);
        return;
      case "orders":
        this.#apply(orders);
        return;
      case "upload":
        this.#questions.heard(orders);
        return;
      case "refused":
        this.#refusal = orders.error;
        return;
    }
  }

  #welcomeHeard({ agent, queue, revision, origins }: Extract<AgentOrders, { type: "welcome" }>): void {
    const parsed = v.safeParse(QueueHash, queue);
    if (!parsed.success) {
      this.#options.log({ event: "welcome not understood", level: "error", message: "The queue gave no hash." });
      this.#socket?.close();
      return;
    }
    this.#welcome = { queue: parsed.output, origins };
    this.#welcomed = true;
    this.#firstWelcome.resolve();
    this.#revision = revision;
    this.#options.log({ event: "session welcomed", queue: shortQueue(queue), agent });
    this.#sync(true);
    this.#questions.reconnected();
    for (const ready of this.#readyWaiters) ready();
    this.#readyWaiters.clear();
  }

  #apply({ revision, start, stop, answered }: Extract<AgentOrders, { type: "orders" }>): void {
    const { host } = this.#options;
    const welcome = this.#welcome;
    if (!welcome) return;
    for (const answer of answered) {
      this.#outbox.answered(answer);
      host.answered(welcome.queue, answer);
    }
    for (const { job, attempt, reason } of stop) host.stop(welcome.queue, { job, attempt }, reason);
    for (const order of start) {
      const why = host.start(welcome, order);
      if (why === undefined) continue;
      this.giveBack(order, why);
    }
    this.#revision = Math.max(this.#revision, revision);
    for (const heard of this.#ordersWaiters) heard();
    this.#ordersWaiters.clear();
    // What did not fit into the last frame follows now.
    if (this.#outbox.hasNews(host.finishes(welcome.queue))) this.changed();
  }

  #sync(whole: boolean): void {
    const queue = this.#welcome?.queue;
    if (queue === undefined || !this.connected) return;
    const { host, world } = this.#options;
    clearTimeout(this.#syncTimer);
    const delayMs = syncEveryMsMin + world.random() * (syncEveryMsMax - syncEveryMsMin);
    this.#syncTimer = setTimeout(() => this.#sync(true), delayMs);
    const holdings = { holds: host.holds(queue), finishes: host.finishes(queue), offer: host.offer(queue) };
    void this.#send(this.#outbox.sync(this.#revision, holdings, whole));
  }

  /** Resolves at the next welcome, or after a while: a frame's failure may be known only after the next welcome. */
  async #nextWelcome(): Promise<void> {
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    this.#readyWaiters.add(arrive);
    await settledWithin(arrived, resendMs);
    this.#readyWaiters.delete(arrive);
  }

  async #send(message: AgentMessage): Promise<boolean> {
    const text = JSON.stringify(message);
    this.#options.log({ event: "frame sent", level: "debug", type: message.type, bytes: text.length });
    return (await this.#socket?.send(text)) === true;
  }
}
