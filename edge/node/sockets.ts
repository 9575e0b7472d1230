// Open WebSockets of the Node shell, and what else takes a session's frames, by session id.

import type { WebSocket } from "ws";
import type { FrameSink } from "../deployment.ts";
import { socketBufferBytesMax, socketPingEveryMs } from "../limits.ts";

export class Sockets {
  readonly #open = new Map<string, WebSocket>();
  readonly #sinks = new Map<string, FrameSink>();
  readonly #silent = new Set<string>();
  readonly #pings: NodeJS.Timeout;

  constructor() {
    this.#pings = setInterval(() => this.#ping(), socketPingEveryMs);
    this.#pings.unref();
  }

  add(id: string, socket: WebSocket): void {
    this.#open.set(id, socket);
    socket.on("pong", () => this.#silent.delete(id));
    socket.on("close", () => {
      this.#open.delete(id);
      this.#silent.delete(id);
    });
  }

  addSink(id: string, sink: FrameSink): void {
    this.#sinks.set(id, sink);
  }

  /** False if it was gone already. */
  removeSink(id: string): boolean {
    return this.#sinks.delete(id);
  }

  send(id: string, frame: string): void {
    this.#sinks.get(id)?.frame(frame);
    const socket = this.#open.get(id);
    if (!socket) return;
    if (socket.bufferedAmount > socketBufferBytesMax) socket.terminate();
    else socket.send(frame);
  }

  close(id: string, code: number, reason: string): void {
    this.#sinks.get(id)?.closed();
    this.#open.get(id)?.close(code, reason);
  }

  /** Ends all: clients and agents reconnect when there is somebody to connect to. */
  closeAll(code: number, reason: string): void {
    clearInterval(this.#pings);
    for (const sink of this.#sinks.values()) sink.closed();
    for (const socket of this.#open.values()) socket.close(code, reason);
  }

  terminateAll(): void {
    for (const socket of this.#open.values()) socket.terminate();
  }

  #ping(): void {
    for (const [id, socket] of this.#open) {
      if (this.#silent.has(id)) socket.terminate();
      else {
        this.#silent.add(id);
        socket.ping();
      }
    }
  }
}
