// Open WebSockets of the Node shell, by session id.

import type { WebSocket } from "ws";
import { socketBufferBytesMax, socketPingEveryMs } from "../limits.ts";

export class Sockets {
  readonly #open = new Map<string, WebSocket>();
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

  send(id: string, frame: string): void {
    const socket = this.#open.get(id);
    if (!socket) return;
    if (socket.bufferedAmount > socketBufferBytesMax) socket.terminate();
    else socket.send(frame);
  }

  close(id: string, code: number, reason: string): void {
    this.#open.get(id)?.close(code, reason);
  }

  /** Ends all: clients and agents reconnect when there is somebody to connect to. */
  closeAll(code: number, reason: string): void {
    clearInterval(this.#pings);
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
