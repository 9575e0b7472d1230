// The names by which the Node shell is reached, and the pages that may use it there.

import type { Access } from "../deployment.ts";

/** Names of this machine at the port that it listens on. */
export function hostsAt(host: string, port: number): readonly string[] {
  const names = ["localhost", "127.0.0.1", "[::1]", host.includes(":") ? `[${host}]` : host];
  return [...new Set(names)].map((name) => `${name}:${port}`);
}

/** This machine's own pages, those that its owner admits, and its own page at the address that others reach it by. */
export function localAccess(
  hosts: readonly string[],
  allowOrigins: readonly string[],
  publicOrigin: string | undefined,
): Access {
  const own = publicOrigin === undefined ? [] : [publicOrigin];
  return {
    type: "local",
    hosts: [...hosts.flatMap(withoutDefaultPort), ...own.map((origin) => new URL(origin).host)],
    allowOrigins: [...allowOrigins, ...own],
  };
}

/** Browsers leave the default port out of Host. */
function withoutDefaultPort(host: string): readonly string[] {
  return host.endsWith(":80") ? [host, host.slice(0, -3)] : [host];
}
