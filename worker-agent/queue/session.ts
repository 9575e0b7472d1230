// One queue's session: says hello, tells what this agent holds and has finished, and applies the queue's orders. It decides
// nothing about jobs; the agent does. Everything it sends may be lost or repeated.

import * as v from "valibot";
import type { AgentMessage, AgentOrders, Held } from "../../wire/agentMessages.ts";
import { paths } from "../../wire/http.ts";
import { QueueHash } from "../../wire/ids.ts";
import { agentProtocol, syncEveryMsMax, syncEveryMsMin } from "../../wire/limits.ts";
import type { Upstream } from "../files/upstream.ts";
import { welcomeMs } from "../limits.ts";
import { type LogSink, shortQueue } from "../log.ts";
import type { World } from "../world.ts";
import { type Frame, frameOf } from "./attemptFrames.ts";
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
  readonly upstream?: Upstream | undefined;
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
  readonly #watchers = new Set<() => void>();
  readonly #ordersWaiters = new Set<() => void>();
  readonly #outbox = new Outbox();
  readonly #questions: Questions;
  #socket: OpenSocket | undefined;
  #welcome: Welcome | undefined;
  #welcomed = false;
  #connections = 0;
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
  async run(signal: AbortSignal): Promise<"stopped" | "replaced"> {
    const { world, log } = this.#options;
    return await keepConnected({ connect: () => this.#connection(signal), random: world.random, log, signal });
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

  /** Which connection there is, while there is one. */
  get connection(): number | undefined {
    return this.connected ? this.#connections : undefined;
  }

  /** Calls back at each new connection, until the function that it gives is called. */
  watch(connected: () => void): () => void {
    this.#watchers.add(connected);
    return () => this.#watchers.delete(connected);
  }

  /** Resolves when the frame has left; false when it can't. */
  async tell(frame: Frame): Promise<boolean> {
    return this.connected && (await this.#sendFrame(frame));
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
      upstream: this.#options.upstream,
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
    this.#connections += 1;
    this.#firstWelcome.resolve();
    this.#revision = revision;
    this.#options.log({ event: "session welcomed", queue: shortQueue(queue), agent });
    this.#sync(true);
    this.#questions.reconnected();
    for (const connected of this.#watchers) connected();
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
    for (const message of this.#outbox.sync(this.#revision, holdings, whole)) void this.#send(message);
  }

  #send(message: AgentMessage): Promise<boolean> {
    return this.#sendFrame(frameOf(message));
  }

  async #sendFrame({ type, text }: Frame): Promise<boolean> {
    this.#options.log({ event: "frame sent", level: "debug", type, bytes: text.length });
    return (await this.#socket?.send(text)) === true;
  }
}
