// The operator's HTTP proxy, for a machine that reaches the internet only through one. Every connection is a CONNECT, and a
// stranger's URL goes to the address that the guard has checked: what a name means is decided here, never by the proxy.

import type { Agent, ClientRequestArgs } from "node:http";
import type { RequestOptions, Agent as SecureAgent } from "node:https";
import { isIP, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { isLoopbackHost } from "../../wire/loopback.ts";
import { connectMs } from "../limits.ts";
import { http, https } from "../nodeHttp.ts";
import type { Address } from "./guard.ts";

export interface UpstreamOptions {
  /** http or https, with a user and a password if it wants them. */
  readonly url: string;
  /** Names of hosts that are reached without it; `.example.org` are all below. Loopback always is. */
  readonly except: readonly string[];
}

export class Upstream {
  readonly #proxy: URL;
  readonly #except: readonly string[];
  readonly #pools: { readonly plain: Agent; readonly secure: SecureAgent };

  constructor({ url, except }: UpstreamOptions) {
    this.#proxy = new URL(url);
    this.#except = except.map((name) => name.toLowerCase());
    this.#pools = { plain: new PlainTunnels(this, true), secure: new SecureTunnels(this, true) };
  }

  /** What makes a request's connection; undefined where that goes without the proxy. */
  agentFor(url: URL, address?: Address): Agent | undefined {
    if (!this.reaches(url)) return undefined;
    const secure = url.protocol === "https:" || url.protocol === "wss:";
    if (address === undefined) return secure ? this.#pools.secure : this.#pools.plain;
    const to = address.address;
    // A pooled connection may lead to another address than the one that was checked.
    return secure ? new SecureTunnels(this, false, to) : new PlainTunnels(this, false, to);
  }

  reaches({ hostname }: URL): boolean {
    const host = hostname.toLowerCase();
    const isExcept = (name: string) =>
      host === name.replace(/^\./, "") || (name.startsWith(".") && host.endsWith(name));
    return !isLoopbackHost(host) && !this.#except.some(isExcept);
  }

  /** @throws an Error that says what the proxy answered. */
  connect(host: string, port: number): Promise<Socket> {
    const { protocol, hostname, port: at, username, password } = this.#proxy;
    const path = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
    const credential = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString(
      "base64",
    );
    const secure = protocol === "https:";
    return new Promise((resolve, reject) => {
      const asking = (secure ? https : http).request({
        method: "CONNECT",
        host: hostname.replace(/^\[|\]$/g, ""),
        port: at === "" ? (secure ? 443 : 80) : Number(at),
        path,
        agent: false,
        timeout: connectMs,
        headers: { host: path, ...(username === "" ? {} : { "proxy-authorization": `Basic ${credential}` }) },
      });
      const fail = (why: string) => reject(new Error(`the proxy ${hostname} ${why}`));
      asking.once("connect", (response, socket) => {
        if (response.statusCode === 200) return resolve(socket);
        socket.destroy();
        fail(`answered ${response.statusCode} to a connection with port ${port} of the address`);
      });
      asking.once("response", (response) => {
        response.destroy();
        fail(`answered ${response.statusCode}`);
      });
      asking.once("timeout", () => asking.destroy(new Error("did not answer")));
      asking.once("error", (error) => fail(`can't be used: ${error.message}`));
      asking.end();
    });
  }
}

type Created = (error: Error | null, stream: Duplex) => void;

class PlainTunnels extends http.Agent {
  readonly #upstream: Upstream;
  readonly #address: string | undefined;

  constructor(upstream: Upstream, keepAlive: boolean, address?: string) {
    super({ keepAlive });
    this.#upstream = upstream;
    this.#address = address;
  }

  override createConnection(options: ClientRequestArgs, created?: Created): undefined {
    const host = this.#address ?? hostOf(options);
    hand(this.#upstream.connect(host, Number(options.port ?? 80)), created);
  }
}

class SecureTunnels extends https.Agent {
  readonly #upstream: Upstream;
  readonly #address: string | undefined;

  constructor(upstream: Upstream, keepAlive: boolean, address?: string) {
    super({ keepAlive });
    this.#upstream = upstream;
    this.#address = address;
  }

  override createConnection(options: RequestOptions, created?: Created): undefined {
    const name = hostOf(options);
    const tunnel = this.#upstream.connect(this.#address ?? name, Number(options.port ?? 443));
    // Whose certificate it must be is the name's, wherever the connection leads.
    const named = isIP(name) === 0 ? { servername: name } : {};
    hand(
      tunnel.then((socket) => connectTls({ socket, host: name, ...named })),
      created,
    );
  }
}

function hostOf({ host, hostname }: ClientRequestArgs): string {
  return (host ?? hostname ?? "").replace(/^\[|\]$/g, "");
}

function hand(connection: Promise<Duplex>, created: Created | undefined): void {
  connection.then(
    (socket) => created?.(null, socket),
    (error: unknown) => created?.(error instanceof Error ? error : new Error(String(error)), new Socket()),
  );
}
