// Health page and metrics over HTTP, on request. They tell what the agent does, but no queue's name and nothing of a job but
// its id; they change nothing.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isLoopbackHost } from "../../wire/loopback.ts";
import { codeOf } from "../fault.ts";
import type { AgentStatus } from "../status.ts";
import { ailmentsOf, healthPage } from "./healthPage.ts";
import { metricsOf } from "./metrics.ts";

export interface HealthOptions {
  readonly port: number;
  readonly host: string;
  readonly status: () => AgentStatus;
  readonly now: () => number;
}

export interface HealthServer {
  readonly port: number;
  readonly close: () => void;
}

/** @throws an Error with a sentence when it can't listen there. */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const server = createServer((request, response) => answer(request, response, options));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      const why = codeOf(cause) === "EADDRINUSE" ? "it is taken" : cause.message;
      reject(new Error(`The health page can't listen on ${options.host}:${options.port}: ${why}.`, { cause }));
    });
    server.listen(options.port, options.host, resolve);
  });
  // Nobody waits for the last scrape.
  server.unref();
  const address = server.address();
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: isAddress(address) ? address.port : options.port, close };
}

function answer(request: IncomingMessage, response: ServerResponse, { host, status, now }: HealthOptions): void {
  const send = (code: number, body: string, type = "text/plain; charset=utf-8") =>
    response
      .writeHead(code, { "content-type": type, "cache-control": "no-store", "x-content-type-options": "nosniff" })
      .end(body);
  // On loopback only this machine's programs are meant: a page whose name points here is none of them.
  if (isLoopbackHost(host) && !isLoopbackHost(nameIn(request.headers.host ?? "")))
    return void send(403, "This address answers only as localhost.\n");
  if (request.method !== "GET" && request.method !== "HEAD") return void send(405, "Only GET.\n");
  const now_ = status();
  switch (request.url?.split("?")[0]) {
    case "/":
      return void send(200, healthPage(now_, now()));
    case "/health":
    case "/healthz": {
      const ailments = ailmentsOf(now_);
      return void send(ailments.length === 0 ? 200 : 503, ailments.length === 0 ? "OK\n" : `${ailments.join("\n")}\n`);
    }
    case "/status.json":
      return void send(200, JSON.stringify(now_), "application/json");
    case "/metrics":
      return void send(200, metricsOf(now_, process.memoryUsage().rss), "text/plain; version=0.0.4; charset=utf-8");
    default:
      return void send(404, "There are /, /healthz, /metrics and /status.json.\n");
  }
}

function nameIn(host: string): string {
  return host.replace(/:\d+$/, "");
}

function isAddress(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === "object" && address !== null;
}
