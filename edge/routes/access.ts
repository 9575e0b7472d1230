// Who may talk to this server, on every request before anything else looks at it. A server on a person's own machine trusts
// no other web page: it checks Host (a foreign name that resolves here) and Origin (a foreign page that sends requests here).

import type { Context, MiddlewareHandler } from "hono";
import type { Access } from "../deployment.ts";
import { fail } from "./params.ts";
import type { CallerEnv } from "./submission.ts";

const corsMethods = "GET,HEAD,PUT,POST,DELETE,PATCH";

export function accessControl(access: Access): MiddlewareHandler<CallerEnv> {
  return async (c, next) => {
    const { method } = c.req;
    const [host, origin] = [c.req.header("host"), c.req.header("origin")];
    const forwardedHost = c.env?.forwardedHost;
    const refusal = refusalOf(access, { method, host, forwardedHost, origin, isSocket: false });
    if (refusal) return fail(403, refusal);
    if (c.req.method === "OPTIONS") return preflight(access, c, origin);
    await next();
    const allowed = allowedOrigin(access, c, origin);
    if (allowed) c.res.headers.set("access-control-allow-origin", allowed);
    if (access.type === "local") {
      c.res.headers.append("vary", "Origin");
      if (!isStatic(c)) c.res.headers.set("cross-origin-resource-policy", "same-origin");
    }
  };
}

export interface Caller {
  readonly method: string;
  readonly host: string | undefined;
  /** What trusted proxies were asked for: it must be ours as well. */
  readonly forwardedHost: string | undefined;
  readonly origin: string | undefined;
  readonly isSocket: boolean;
}

/** Why a request (or a socket's handshake) is refused, or undefined. A caller without an Origin is not a web page. */
export function refusalOf(
  access: Access,
  { method, host = "", forwardedHost = host, origin, isSocket }: Caller,
): string | undefined {
  if (access.type === "public") return undefined;
  const foreign = [host, forwardedHost].find((name) => !access.hosts.includes(name));
  if (foreign !== undefined)
    return `This server answers to ${access.hosts.join(", ")}, not to ${JSON.stringify(foreign)}: --public-origin adds a name.`;
  const reads = method === "GET" || method === "HEAD" || method === "OPTIONS";
  if (origin === undefined || (reads && !isSocket) || isAdmitted(access, origin)) return undefined;
  return `Pages of ${origin} may not use this server. Its owner can admit them with --allow-origin ${origin}`;
}

function isAdmitted(access: Access & { type: "local" }, origin: string): boolean {
  return access.hosts.some((host) => origin === `http://${host}`) || access.allowOrigins.includes(origin);
}

function allowedOrigin(access: Access, c: Context, origin: string | undefined): string | undefined {
  if (access.type === "public" || isStatic(c)) return "*";
  return origin !== undefined && isAdmitted(access, origin) ? origin : undefined;
}

/** Files of the page: the same for everyone, and hosts of metaframes read metaframe.json from anywhere. */
function isStatic(c: Context): boolean {
  const { path } = c.req;
  return path.endsWith("/metaframe.json") || path.startsWith("/assets/") || path === "/favicon.svg";
}

function preflight(access: Access, c: Context, origin: string | undefined): Response {
  const allowed = allowedOrigin(access, c, origin);
  const asked = c.req.header("access-control-request-headers");
  const headers = new Headers();
  if (access.type === "local") headers.append("vary", "Origin");
  if (asked) headers.append("vary", "Access-Control-Request-Headers");
  if (allowed) {
    headers.set("access-control-allow-origin", allowed);
    headers.set("access-control-allow-methods", corsMethods);
    if (asked) headers.set("access-control-allow-headers", asked);
    if (access.type === "local") headers.set("access-control-allow-private-network", "true");
  }
  return new Response(null, { status: 204, headers });
}
