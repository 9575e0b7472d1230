// A receiver of webhooks: a real HTTP server of the test's own, on a free port.

import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { Inbox } from "./inbox.ts";

export interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A status, a redirect, or no answer at all. */
export type Reply = number | { readonly status: 302 | 307; readonly location: string } | "silence";

export class Receiver {
  readonly requests = new Inbox<Received>();
  /** What it answers to the request of this number, from 0. */
  reply: (index: number) => Reply = () => 200;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8");
      request.on("data", (chunk: string) => {
        body += chunk;
      });
      request.on("end", () => {
        const reply = this.reply(this.requests.all.length);
        this.requests.push({ method: request.method, url: request.url, headers: request.headers, body });
        if (reply === "silence") return;
        if (typeof reply === "number") response.writeHead(reply);
        else response.writeHead(reply.status, { location: reply.location });
        response.end();
      });
    });
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    // All addresses: the machine's name need not be loopback's.
    await new Promise<void>((resolve) => receiver.#server.listen(0, resolve));
    return receiver;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The receiver listens on no port.");
    return address.port;
  }

  /** The request of this number, as soon as it is there. */
  request(index: number, limitMs?: number): Promise<Received> {
    return this.requests.find("webhook", (request) => request, {
      from: index,
      ...(limitMs === undefined ? {} : { limitMs }),
    });
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
