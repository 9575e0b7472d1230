// A load on one queue through real sockets: agents that finish at once what they are given, and clients that count what they
// are sent. Lean on purpose: it shares its two cores with the server that it measures.

import WebSocket from "ws";
import { paths } from "../../wire/http.ts";
import { agentProtocol } from "../../wire/limits.ts";

export interface Traffic {
  frames: number;
  bytes: number;
}

/** One socket with a count of what crosses it, both ways. */
class CountedSocket {
  readonly traffic: Traffic = { frames: 0, bytes: 0 };
  readonly #socket: WebSocket;

  constructor(url: string, onFrame: (frame: string) => void) {
    this.#socket = new WebSocket(url.replace(/^http/, "ws"));
    this.#socket.on("message", (data) => {
      const frame = data.toString();
      this.#count(frame);
      onFrame(frame);
    });
  }

  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.once("open", () => resolve());
      this.#socket.once("error", reject);
    });
  }

  send(frame: string): void {
    this.#count(frame);
    this.#socket.send(frame);
  }

  close(): void {
    this.#socket.terminate();
  }

  #count(frame: string): void {
    this.traffic.frames += 1;
    this.traffic.bytes += Buffer.byteLength(frame);
  }
}

/** An agent whose containers take no time. */
export class NoopAgent {
  readonly socket: CountedSocket;
  /** The jobs that it was given. */
  readonly jobs = new Set<string>();
  /** Ends that the queue has accepted. */
  accepted = 0;
  #starts = 0;
  #onWelcome: () => void = () => {};
  #awaited: { count: number; resolve: () => void } | undefined;

  private constructor(origin: string, queue: string) {
    this.socket = new CountedSocket(origin + paths.agent(queue), (frame) => this.#take(frame));
  }

  static async connect(origin: string, queue: string, slots: number): Promise<NoopAgent> {
    const agent = new NoopAgent(origin, queue);
    const welcome = new Promise<void>((resolve) => {
      agent.#onWelcome = resolve;
    });
    await agent.socket.opened();
    agent.socket.send(
      JSON.stringify({
        type: "hello",
        protocol: agentProtocol,
        secret: crypto.randomUUID() + crypto.randomUUID(),
        boot: crypto.randomUUID(),
        version: "bench",
        offer: { slots, cpus: 1_000, memoryBytes: 2 ** 40, gpus: 0, tags: [], maxDurationMs: 300_000 },
      }),
    );
    await welcome;
    return agent;
  }

  get starts(): number {
    return this.#starts;
  }

  /** Resolves when it holds its `count`th job. */
  reached(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited = { count, resolve };
    });
  }

  #take(frame: string): void {
    const message = JSON.parse(frame);
    if (message.type === "welcome") {
      this.#sync(message.revision, []);
      this.#onWelcome();
    }
    if (message.type !== "orders") return;
    for (const { outcome } of message.answered) if (outcome === "accepted") this.accepted += 1;
    if (message.start.length === 0) return;
    for (const { job } of message.start) this.jobs.add(job);
    this.#starts += message.start.length;
    const result = { StatusCode: 0, logs: [], isTimedOut: false, outputs: {} };
    const finished = message.start.map(({ job, attempt }: { job: string; attempt: string }) => {
      return { job, attempt, reason: "Success", statusCode: 0, result };
    });
    this.#sync(message.revision, finished);
    if (this.#awaited && this.#starts >= this.#awaited.count) this.#awaited.resolve();
  }

  #sync(revision: number, finished: readonly unknown[]): void {
    this.socket.send(JSON.stringify({ type: "sync", revision, holds: [], finished, declined: [] }));
  }
}

/** A client that submits, and knows when what it submitted was seen queued and finished. */
export class LoadClient {
  readonly socket: CountedSocket;
  readonly finished = new Set<string>();
  readonly seen = new Set<string>();
  #wake: () => void = () => {};
  readonly #tag: string;

  private constructor(origin: string, queue: string, tag: string) {
    this.#tag = tag;
    this.socket = new CountedSocket(origin + paths.client(queue), (frame) => this.#take(frame));
  }

  static async connect(origin: string, queue: string, tag: string): Promise<LoadClient> {
    const client = new LoadClient(origin, queue, tag);
    await client.socket.opened();
    return client;
  }

  definition(number: number): Readonly<Record<string, string>> {
    return { image: "noop", command: `${this.#tag} ${number}` };
  }

  /** `tags` that no agent has keep a job in the queue. */
  submit(number: number, tags?: readonly string[]): void {
    const definition = { ...this.definition(number), ...(tags ? { tags } : {}) };
    const payload = { state: "Queued", value: { type: "Queued", enqueued: { definition } } };
    this.socket.send(JSON.stringify({ type: "StateChange", payload }));
  }

  /** Resolves when `done` holds, which is looked at after each frame. */
  async until(done: () => boolean, limitMs: number): Promise<void> {
    const limit = performance.now() + limitMs;
    while (!done()) {
      if (performance.now() > limit) {
        throw new Error(`after ${limitMs} ms: ${this.seen.size} seen, ${this.finished.size} finished`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 1_000).unref();
      });
    }
  }

  #take(frame: string): void {
    const message = JSON.parse(frame);
    if (message.type !== "JobStateUpdates" && message.type !== "JobStates") return;
    for (const [id, job] of Object.entries<{ state: string }>(message.payload.state.jobs)) {
      this.seen.add(id);
      if (job.state === "Finished") this.finished.add(id);
    }
    this.#wake();
  }
}
