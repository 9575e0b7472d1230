// Whom a request comes from where proxies of the operator's own stand before this server. Whatever a client writes into these
// headers itself stands to the left of what a proxy adds, so they are read from the right, and only as far as they are trusted.

import type { IncomingHttpHeaders } from "node:http";
import { addressIn, bareAddress } from "../../wire/addresses.ts";

/** Which proxies are trusted: so many, one behind the other, or those at these addresses (CIDR); and the header they write. */
export interface TrustedProxies {
  readonly trusted: { readonly hops: number } | { readonly ranges: readonly string[] };
  readonly header: "x-forwarded-for" | "forwarded";
}

export interface Sender {
  readonly address: string | undefined;
  /** The name that the outermost trusted proxy was asked for, if it says. */
  readonly host: string | undefined;
}

interface Hop {
  readonly address: string | undefined;
  readonly host: string | undefined;
}

export function senderOf(
  { remoteAddress, headers }: { readonly remoteAddress: string | undefined; readonly headers: IncomingHttpHeaders },
  proxies: TrustedProxies | undefined,
): Sender {
  let sender: Sender = { address: remoteAddress, host: undefined };
  if (!proxies) return sender;
  // From this server outwards. Each hop says whom the proxy before it was asked by, and for what name.
  const hops = (proxies.header === "forwarded" ? forwarded(headers) : xForwarded(headers)).reverse();
  for (const [index, { address, host = sender.host }] of hops.entries()) {
    // What names no address (`unknown`, or made up) is no further than the last that is known.
    if (address === undefined || !isTrusted(proxies, sender.address, index)) break;
    sender = { address, host };
  }
  return sender;
}

function isTrusted({ trusted }: TrustedProxies, address: string | undefined, index: number): boolean {
  if ("hops" in trusted) return index < trusted.hops;
  return address !== undefined && trusted.ranges.some((range) => addressIn(address, range));
}

/** `X-Forwarded-For: client, proxy`, and `X-Forwarded-Host` as the nearest proxy wrote it. */
function xForwarded(headers: IncomingHttpHeaders): Hop[] {
  const host = textOf(headers["x-forwarded-host"]).split(",").at(-1)?.trim() || undefined;
  return parts(textOf(headers["x-forwarded-for"]), ",").map((text) => ({ address: bareAddress(text), host }));
}

/** `Forwarded: for=client;host=name, for="[2001:db8::1]:4711"` (RFC 7239). */
function forwarded(headers: IncomingHttpHeaders): Hop[] {
  return parts(textOf(headers.forwarded), ",").map((element) => {
    const pairs = new Map(parts(element, ";").map((pair) => pairOf(pair)));
    return { address: bareAddress(pairs.get("for") ?? ""), host: pairs.get("host") };
  });
}

function pairOf(pair: string): readonly [string, string] {
  const at = pair.indexOf("=");
  const value = pair.slice(at + 1).trim();
  const quoted = /^"(.*)"$/.exec(value)?.[1]?.replace(/\\(.)/g, "$1");
  return [pair.slice(0, at).trim().toLowerCase(), quoted ?? value];
}

/** Split where it is not within quotes. */
function parts(text: string, separator: "," | ";"): readonly string[] {
  const found = text.match(separator === "," ? /(?:"(?:\\.|[^"\\])*"|[^,"])+/g : /(?:"(?:\\.|[^"\\])*"|[^;"])+/g);
  return (found ?? []).map((part) => part.trim()).filter((part) => part !== "");
}

function textOf(header: string | string[] | undefined): string {
  return Array.isArray(header) ? header.join(",") : (header ?? "");
}
