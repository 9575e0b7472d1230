// A proxy on this machine for one `git`, which resolves names and follows redirects by itself: each connection that it wants
// passes the guard, and what comes back is counted.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { JobFault, messageOf } from "../fault.ts";
import { type GuardOptions, guardedAddress, shown } from "../files/guard.ts";
import { transferSilenceMs } from "../limits.ts";
import { http } from "../nodeHttp.ts";

const challenge = 'Basic realm="git"';

export class GuardProxy {
  /** With a password, so that it serves nobody else on this machine. */
  readonly url: string;
  /** Why a connection was refused or cut. */
  refusal: JobFault | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  readonly #guard: GuardOptions;
  readonly #authorization: string;
  readonly #budget: { bytesLeft: number };

  private constructor(
    server: Server,
    port: number,
    secret: string,
    guard: GuardOptions,
    budget: { bytesLeft: number },
  ) {
    this.#server = server;
    this.#guard = guard;
    this.#budget = budget;
    this.#authorization = `Basic ${Buffer.from(`git:${secret}`).toString("base64")}`;
    this.url = `http://git:${secret}@127.0.0.1:${port}`;
    server.on("connection", (socket) => this.#keep(socket));
    server.on("connect", (request, socket) => void this.#tunnel(request, socket));
    server.on("request", (request, response) => void this.#forward(request, response));
  }

  /** What comes is taken from the budget. */
  static async open(guard: GuardOptions, secret: string, budget: { bytesLeft: number }): Promise<GuardProxy> {
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("A server on loopback has a port.");
    return new GuardProxy(server, address.port, secret, guard, budget);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #tunnel(request: IncomingMessage, socket: Duplex): Promise<void> {
    socket.on("error", () => socket.destroy());
    const url = URL.canParse(`https://${request.url}/`) ? new URL(`https://${request.url}/`) : undefined;
    if (!this.#admits(request) || !url)
      return void socket.end(`HTTP/1.1 407 Who asks?\r\nproxy-authenticate: ${challenge}\r\nconnection: close\r\n\r\n`);
    try {
      const { address } = await guardedAddress(url, this.#guard);
      const upstream = this.#keep(await this.#connection(url, address));
      upstream.setTimeout(transferSilenceMs);
      const begin = () => {
        socket.write("HTTP/1.1 200 Connected\r\n\r\n");
        this.#count(upstream, url);
        upstream.pipe(socket).pipe(upstream);
      };
      if (upstream.connecting) upstream.once("connect", begin);
      else begin();
      upstream.on("error", () => socket.end("HTTP/1.1 502 Not reached\r\n\r\n"));
      upstream.once("timeout", () => upstream.destroy());
      socket.once("close", () => upstream.destroy());
    } catch (error) {
      this.#refuse(error);
      socket.end("HTTP/1.1 403 Not allowed\r\n\r\n");
    }
  }

  async #connection(url: URL, address: string): Promise<Socket> {
    const { upstream } = this.#guard;
    const port = Number(url.port || 443);
    return upstream?.reaches(url) ? await upstream.connect(address, port) : connect({ host: address, port });
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? "";
    if (!this.#admits(request) || !/^http:\/\//.test(target) || !URL.canParse(target))
      return void response.writeHead(407, { "proxy-authenticate": challenge }).end();
    const url = new URL(target);
    try {
      const checked = await guardedAddress(url, this.#guard);
      const headers = { ...request.headers };
      for (const name of ["proxy-authorization", "proxy-connection"]) delete headers[name];
      const outgoing = http.request(
        {
          host: checked.address,
          port: Number(url.port || 80),
          method: request.method ?? "GET",
          path: `${url.pathname}${url.search}`,
          headers,
          setHost: false,
          agent: this.#guard.upstream?.agentFor(url, checked) ?? false,
          timeout: transferSilenceMs,
        },
        (incoming) => {
          this.#count(incoming, url);
          response.writeHead(incoming.statusCode ?? 502, incoming.headers);
          incoming.pipe(response);
        },
      );
      outgoing.once("timeout", () => outgoing.destroy());
      outgoing.on("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
      response.once("close", () => outgoing.destroy());
      request.pipe(outgoing);
    } catch (error) {
      this.#refuse(error);
      response.writeHead(403).end();
    }
  }

  #admits({ headers }: IncomingMessage): boolean {
    return headers["proxy-authorization"] === this.#authorization;
  }

  #count(source: Socket | IncomingMessage, url: URL): void {
    source.on("data", (chunk: Buffer) => {
      this.#budget.bytesLeft -= chunk.length;
      if (this.#budget.bytesLeft >= 0) return;
      this.refusal ??= new JobFault(`The repository ${shown(url)} is too large to be a build's context.`);
      source.destroy();
    });
  }

  #refuse(error: unknown): void {
    this.refusal ??= error instanceof JobFault ? error : new JobFault(messageOf(error), { cause: error });
  }

  #keep<S extends Duplex>(socket: S): S {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    return socket;
  }
}
