// A WebSocket of a test: everything that arrives is kept in order.

import { WebSocket } from "ws";
import { answerMs } from "../limits.ts";
import { Inbox } from "./inbox.ts";
import { within } from "./until.ts";

export interface Closing {
  readonly code: number;
  readonly reason: string;
}

export class TestSocket {
  readonly frames = new Inbox<unknown>();
  readonly #socket: WebSocket;
  readonly #closed: Promise<Closing>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data, isBinary) => this.frames.push(isBinary ? data : parsed(String(data))));
    this.#closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => {
        const seen = JSON.stringify(this.frames.all.slice(-20));
        this.frames.close(`the socket was closed (${code} ${reason}). Last seen: ${seen}`);
        resolve({ code, reason: String(reason) });
      });
    });
    socket.on("error", () => {});
  }

  static async open(origin: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<TestSocket> {
    const socket = new WebSocket(origin.replace(/^http/, "ws") + path, { headers });
    // Frames may come in the same packet as the handshake's answer.
    const opened = new TestSocket(socket);
    await within(
      `the socket ${path} to open`,
      new Promise<void>((resolve, reject) => {
        socket.once("open", resolve);
        socket.once("error", reject);
      }),
      () => "nothing",
    );
    return opened;
  }

  send(frame: unknown): void {
    this.sendText(JSON.stringify(frame));
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  closed(limitMs: number = answerMs): Promise<Closing> {
    return within("the socket's end", this.#closed, () => this.frames.all.slice(-5), limitMs);
  }

  async close(): Promise<void> {
    this.#socket.close(1000);
    await this.closed();
  }

  /** The connection goes without a word, as when a cable is pulled. */
  terminate(): void {
    this.#socket.terminate();
  }
}

/** How a handshake is refused. */
export function refusedHandshake(
  origin: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: string }> {
  const socket = new WebSocket(origin.replace(/^http/, "ws") + path, { headers });
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    socket.on("open", () => {
      socket.close();
      reject(new Error(`${path} was accepted`));
    });
    socket.on("error", reject);
    socket.on("unexpected-response", (_request, response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
  });
  return within(`the refusal of ${path}`, answer, () => "nothing");
}

/** A frame as JSON; text that is none, such as PONG, as itself. */
function parsed(text: string): unknown {
  return text.startsWith("{") ? JSON.parse(text) : text;
}
