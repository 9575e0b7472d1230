// The Node shell: control plane, page and sockets in one process. Embedded it listens on loopback and trusts no other page;
// self-hosted it is public.

import { createServer, IncomingMessage, type Server, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type WebSocket, WebSocketServer } from "ws";
import { keyHashOf } from "../../wire/keyedQueue.ts";
import { agentFrameBytesMax } from "../../wire/limits.ts";
import { createApp } from "../app.ts";
import { clientHash } from "../clientHash.ts";
import type { Access, Caller, Deployment } from "../deployment.ts";
import { blobBytesMax, defaultQueueSettings, type QueueSettings, requestMsMax, shutdownMs } from "../limits.ts";
import { hostsOf } from "../outbound/urlRules.ts";
import { queueHash } from "../queueHash.ts";
import { refusalOf } from "../routes/access.ts";
import { socketRoute } from "../socketRoute.ts";
import type { S3Settings } from "../stores/s3Bucket.ts";
import { hostsAt, localAccess } from "./access.ts";
import { type OpenBlobs, openBlobs } from "./blobs.ts";
import { openDataFolder } from "./dataFolder.ts";
import { incomingBody } from "./incomingBody.ts";
import { pageFiles } from "./pageFiles.ts";
import { type Permits, permitRoute } from "./permits.ts";
import { nodePost } from "./post.ts";
import { senderOf, type TrustedProxies } from "./proxies.ts";
import { QueueHost, type SocketCaller } from "./queueHost.ts";
import { fileOf, sendFile } from "./sendFile.ts";
import { NodeSql } from "./sqlite.ts";

export interface ServerOptions {
  readonly dataDir: string;
  /** Where it listens; the default is loopback. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** `local`: only this machine's pages and the admitted origins. `public`: anyone who knows a queue's name. */
  readonly access?: "local" | "public";
  /** Origins admitted in `local` access, such as "https://example.org". */
  readonly allowOrigins?: readonly string[];
  /** The address that others reach this server by, if it is not the one it listens on. Its own page is there, too. */
  readonly publicOrigin?: string;
  /** Proxies of the operator's own between others and this server. */
  readonly proxies?: TrustedProxies;
  /** Blobs go to S3 instead of the data folder. */
  readonly s3?: S3Settings;
  /** Blobs in the data folder go this long after they were last written. */
  readonly blobKeepMs?: number;
  /** Folder of the built page. */
  readonly pageDir?: string;
  readonly permits?: Permits;
  /** Address ranges (CIDR) that webhooks may go to although they are not public. */
  readonly allowRanges?: readonly string[];
  readonly settings?: Partial<QueueSettings>;
  readonly now?: () => number;
  readonly onError?: (error: unknown, where: string) => void;
  /** What happened that an operator may want to know. */
  readonly onEvent?: (event: Readonly<Record<string, unknown>>) => void;
}

export interface RunningServer {
  /** Where it answers, for people: http://localhost:8000 */
  readonly origin: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** @throws DataFolderInUseError, SchemaTooNewError, or the listener's own error (a port that is taken). */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host = "127.0.0.1", allowOrigins = [], allowRanges = [], now = Date.now } = options;
  const onError = options.onError ?? ((error, where) => console.error(`${where}:`, error));
  const onEvent = options.onEvent ?? ((event) => console.log(JSON.stringify(event)));
  const data = openDataFolder(options.dataDir);
  const server = createServer({ requestTimeout: requestMsMax });
  let blobs: OpenBlobs | undefined;
  try {
    // From the moment it listens until requests are heard nothing may be awaited: one that came between had no answer, ever.
    blobs = await openBlobs(data.path, options.s3, { keepMs: options.blobKeepMs, now, onError });
    const { store, close: closeBlobs } = blobs;
    const port = await listen(server, host, options.port);
    const { publicOrigin, proxies } = options;
    const hosts = hostsAt(host, port);
    const origin = publicOrigin ?? `http://localhost:${port}`;
    const origins = [...new Set([origin, ...hosts.map((name) => `http://${name}`)])];
    const access: Access =
      options.access === "public" ? { type: "public" } : localAccess(hosts, allowOrigins, publicOrigin);
    const sql = new NodeSql(join(data.path, "longshore.sqlite"));
    const callbackRules = { literals: "checked", allowRanges, ownHosts: hostsOf(origins) } as const;
    const cacheScope = "deployment" as const;
    const settings = { ...defaultQueueSettings, cacheScope, ...options.settings, origins, callbackRules };
    const queues = new QueueHost({
      sql,
      settings,
      blobs: store,
      now,
      post: nodePost({ allowRanges }),
      onError,
      onEvent,
    });
    const deployment: Deployment = {
      origins,
      access,
      blobs: store,
      bodyBytesMax: blobBytesMax,
      callbackRules,
      archive: queues.archive,
      queue: (name) => queues.access(queueHash(data.secret, name)),
      page: options.pageDir === undefined ? async () => undefined : pageFiles(options.pageDir),
    };
    const app = createApp(deployment, {
      onError: (error, { method, route }) => onError(error, `${method} ${route}`),
      ...(options.permits ? { extend: permitRoute(options.permits) } : {}),
    });
    const callerOf = ({ socket: { remoteAddress }, headers }: Incoming): Caller => {
      const { address, host: forwardedHost } = senderOf({ remoteAddress, headers }, proxies);
      return { client: clientHash(data.secret, address), ...(forwardedHost === undefined ? {} : { forwardedHost }) };
    };
    serve(server, (request, incoming) => {
      return app.fetch(request, { ...callerOf(incoming), body: () => incomingBody(incoming) });
    });
    acceptSockets(server, access, callerOf, (pathname, { client }) => {
      const route = socketRoute(pathname);
      if (route.type === "refused") return route;
      const hash = queueHash(data.secret, route.queue);
      const caller: SocketCaller =
        route.role === "agent"
          ? { role: "agent", keyHash: keyHashOf(route.queue) }
          : { role: "client", client, queueName: route.queue, origin };
      return { type: "accept", connect: (socket) => queues.connect(hash, caller, socket) };
    });
    return {
      origin,
      port,
      stop: async () => {
        queues.stop();
        await close(server, () => queues.terminateSockets());
        queues.end();
        await closeBlobs();
        sql.close();
        data.release();
      },
    };
  } catch (error) {
    server.close();
    await blobs?.close();
    data.release();
    throw error;
  }
}

type Incoming = Pick<IncomingMessage, "socket" | "headers">;
type Fetch = (request: Request, incoming: IncomingMessage) => Response | Promise<Response>;

function serve(server: Server, fetch: Fetch): void {
  const listener = getRequestListener(async (request, { incoming, outgoing }) => {
    if (!(incoming instanceof IncomingMessage && outgoing instanceof ServerResponse))
      throw new Error("No HTTP/2 here.");
    const response = await fetch(request, incoming);
    const file = fileOf(response);
    if (!file) return response;
    await sendFile(file, response, outgoing);
    return RESPONSE_ALREADY_SENT;
  });
  server.on("request", listener);
  // A client that waits for leave to send gets it only if the app wants the body: a redirect costs no upload.
  server.on("checkContinue", (request, response) => {
    request.once("resume", () => {
      if (!response.headersSent) response.writeContinue();
    });
    void listener(request, response);
  });
}

type SocketDecision =
  | { readonly type: "accept"; readonly connect: (socket: WebSocket) => void }
  | { readonly type: "refused"; readonly status: number; readonly error: string };

type DecideSocket = (pathname: string, caller: Caller) => SocketDecision;

function acceptSockets(
  server: Server,
  access: Access,
  callerOf: (request: Incoming) => Caller,
  decide: DecideSocket,
): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: agentFrameBytesMax });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const { host, origin } = request.headers;
    const caller = callerOf(request);
    const { forwardedHost } = caller;
    const refusal = refusalOf(access, { method: "GET", host, forwardedHost, origin, isSocket: true });
    const decision: SocketDecision = refusal
      ? { type: "refused", status: 403, error: refusal }
      : decide(pathnameOf(request), caller);
    if (decision.type === "accept") sockets.handleUpgrade(request, socket, head, decision.connect);
    else refuseUpgrade(socket, decision.status, decision.error);
  });
}

/** Of a target that is no address, such as `//`, the root: no socket is there. */
function pathnameOf({ url = "/" }: IncomingMessage): string {
  return URL.parse(url, "http://localhost")?.pathname ?? "/";
}

function refuseUpgrade(socket: Duplex, status: number, error: string): void {
  const body = JSON.stringify({ error });
  const head = `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  socket.end(head + body);
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("The server listens on no port."));
      else resolve(address.port);
    });
  });
}

/** Open requests get a moment, then their connections end. */
async function close(server: Server, last: () => void): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    last();
    server.closeAllConnections();
  }, shutdownMs);
  await closed;
  clearTimeout(timer);
}
