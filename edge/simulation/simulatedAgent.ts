// One agent on several queues: it has a few slots for all of them together, tells each what is left of them, and declines
// what it has no room for after all. Its frames are delayed, lost, repeated and overtaken, its sockets break, it dies.

import { agentIdOf } from "../../wire/agentId.ts";
import type { AgentMessage, AgentOrders, Finish, Held } from "../../wire/agentMessages.ts";
import { type AgentId, own } from "../../wire/ids.ts";
import { AgentSocket, arrive, hangUp, taken } from "./agentSocket.ts";
import { type Capacity, Containers } from "./containers.ts";
import { numberOf } from "./promises.ts";
import type { Seeded } from "./seeded.ts";
import type { SimulatedQueue } from "./simulatedQueue.ts";

interface Line {
  readonly queue: SimulatedQueue;
  socket: AgentSocket | undefined;
  welcomed: boolean;
  revision: number;
  /** What this queue was last told. */
  offered: string;
  /** Finishes not yet answered, by attempt. */
  readonly spool: Map<string, Finish>;
}

export class SimulatedAgent {
  readonly lines: readonly Line[];
  readonly #random: Seeded;
  readonly #secret: string;
  readonly #id: AgentId;
  #boot = 0;
  readonly #containers: Containers;
  /** Connections that it has given up, and whose last frames may still arrive. */
  readonly loose: AgentSocket[] = [];

  constructor(name: string, queues: readonly SimulatedQueue[], capacity: Capacity, random: Seeded) {
    this.#secret = `the secret of ${name}`.padEnd(40, ".");
    this.#id = agentIdOf(this.#secret);
    this.#containers = new Containers(capacity);
    this.#random = random;
    this.lines = queues.map((queue) => ({
      queue,
      socket: undefined,
      welcomed: false,
      revision: 0,
      offered: "",
      spool: new Map(),
    }));
  }

  // ---- its connections

  /** A new session; one that is still open stays behind, for its queue to find out. */
  connect(line: Line): void {
    this.giveUp(line);
    const socket = new AgentSocket(line.queue);
    const { queue } = line;
    line.socket = socket;
    queue.agentSockets.set(socket.session, socket);
    queue.queue.agentConnected(queue.world.now, socket.session, { origin: "", keyHash: null });
    const offer = this.#containers.offer(line.queue);
    line.offered = JSON.stringify(offer);
    this.#send(line, {
      type: "hello",
      protocol: 1,
      secret: this.#secret,
      boot: `boot ${this.#boot}`,
      version: "sim",
      offer,
    });
  }

  /** Half-open: it thinks that the connection is gone, the queue does not know. */
  giveUp(line: Line): void {
    if (line.socket) this.loose.push(line.socket);
    line.socket = undefined;
    line.welcomed = false;
  }

  disconnect(line: Line): void {
    const { socket } = line;
    line.socket = undefined;
    line.welcomed = false;
    if (socket) hangUp(socket);
  }

  /** The queue closed it, or died. */
  notice(line: Line): void {
    if (line.socket && !line.socket.isOpen) this.disconnect(line);
  }

  /** The last frames of a connection that was given up, and its end. */
  late(): void {
    const socket = this.#random.pick(this.loose);
    if (!socket) return;
    const frame = taken(socket.up, this.#random);
    if (frame !== undefined) arrive(socket, frame);
    else {
      this.loose.splice(this.loose.indexOf(socket), 1);
      hangUp(socket);
    }
  }

  // ---- its process

  /** kill -9: containers die with it unless the next boot adopts them; what it spooled is on its disk. */
  crash(adopts: boolean): void {
    for (const line of this.lines) {
      if (this.#random.chance(0.5)) this.disconnect(line);
      else this.giveUp(line);
    }
    this.#boot += 1;
    if (!adopts) this.#containers.clear();
  }

  sync(line: Line, declined: readonly Held[] = []): void {
    if (!line.welcomed) return;
    const offer = this.#containers.offer(line.queue);
    const json = JSON.stringify(offer);
    const changed = json === line.offered ? {} : { offer };
    line.offered = json;
    const finished = [...line.spool.values()];
    const why = "full";
    this.#send(line, {
      ...this.#report(line),
      finished,
      declined: declined.map((held) => ({ ...held, why })),
      ...changed,
    });
  }

  #report(line: Line) {
    return {
      type: "sync",
      revision: line.revision,
      holds: this.#containers.heldFor(line.queue),
      finished: [],
      declined: [],
    } as const;
  }

  /** A container ends. */
  finishOne(): void {
    const container = this.#random.pick(this.#containers.all);
    const line = this.lines.find(({ queue }) => queue === container?.queue);
    if (!container || !line) return;
    const { held } = container;
    this.#containers.stop(held.attempt);
    line.spool.set(held.attempt, finishOf(held, this.#random.chance(0.3) ? 0 : 1));
    this.sync(line);
  }

  /** It changes its mind about a job that it has just taken. */
  declineOne(): void {
    const container = this.#random.pick(this.#containers.all);
    const line = this.lines.find(({ queue }) => queue === container?.queue);
    if (!container || !line) return;
    this.#containers.stop(container.held.attempt);
    this.sync(line, [container.held]);
  }

  /** It speaks of an attempt that is over, or another agent's: nothing of that job may change. */
  stale(line: Line): void {
    const { socket, queue } = line;
    if (!line.welcomed || !socket?.isOpen) return;
    // What is due is settled first: it is no part of what the stale words do.
    queue.wake();
    const row = this.#random.pick(queue.promises.attemptedBut(this.#id));
    if (!row || !socket.isOpen) return;
    const { job, newest, isOwn } = row;
    const number = this.#random.below(newest + (isOwn ? 0 : 1));
    const held = { job, attempt: own.attempt(`${queue.epoch}.${number}`) };
    const before = queue.promises.rowsOf(job);
    this.#say(socket, { type: "progress", ...held, phase: "run" });
    this.#say(socket, { type: "logs", ...held, step: "Running", first: 0, lines: [["stale", 1]] });
    this.#say(socket, { ...this.#report(line), finished: [finishOf(held, 0)], declined: [{ ...held, why: "" }] });
    const after = queue.promises.rowsOf(job);
    if (after !== before) throw new Error(`a stale ${held.attempt} made ${after} of ${before}`);
  }

  #say(socket: AgentSocket, message: AgentMessage): void {
    arrive(socket, JSON.stringify(message));
  }

  // ---- frames

  #send(line: Line, message: AgentMessage): void {
    line.socket?.up.push(JSON.stringify(message));
  }

  deliverUp(line: Line): void {
    const { socket } = line;
    const frame = socket && taken(socket.up, this.#random);
    if (!socket || frame === undefined) return;
    if (this.#fault(socket)) return;
    arrive(socket, frame);
    if (this.#fault(socket)) arrive(socket, frame);
  }

  deliverDown(line: Line): void {
    const { socket } = line;
    const orders = socket && taken(socket.down, this.#random);
    if (!socket || orders === undefined || this.#fault(socket)) return;
    this.#receive(line, orders);
    if (this.#fault(socket)) this.#receive(line, orders);
  }

  #fault({ queue }: AgentSocket): boolean {
    return !queue.world.isCalm && this.#random.chance(0.02);
  }

  #receive(line: Line, orders: AgentOrders): void {
    if (orders.type === "welcome") {
      line.welcomed = true;
      line.revision = Math.max(line.revision, orders.revision);
      this.sync(line);
    }
    if (orders.type !== "orders") return;
    line.revision = Math.max(line.revision, orders.revision);
    for (const { attempt } of orders.stop) this.#containers.stop(attempt);
    const declined = orders.start
      .filter(({ attempt }) => !line.spool.has(attempt))
      .flatMap(({ job, attempt }) => this.#containers.start(line.queue, { job, attempt }));
    for (const { attempt } of orders.answered) line.spool.delete(attempt);
    if (declined.length > 0) this.sync(line, declined);
  }

  get isIdle(): boolean {
    return this.#containers.all.length === 0 && this.lines.every(({ spool }) => spool.size === 0);
  }
}

export function finishOf(held: Held, statusCode: number): Finish {
  const logs: [string, number][] = [[`attempt ${numberOf(held.attempt)}`, 1]];
  return {
    ...held,
    reason: "Success",
    statusCode,
    result: { StatusCode: statusCode, logs, isTimedOut: false, outputs: {} },
  };
}
