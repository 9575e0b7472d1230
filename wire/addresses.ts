// Which addresses a stranger's URL may make one of our machines talk to: public ones, and ranges that an operator allows.

import ipaddr from "ipaddr.js";
import { isLoopbackHost } from "./loopback.ts";

/** Azure's platform service: a public address that only its own machines reach. */
const metadataAddresses: ReadonlySet<string> = new Set(["168.63.129.16"]);

/** Whether an address is public and none of `own`, or in an allowed range (CIDR). */
export function isAllowedAddress(
  address: string,
  allowRanges: readonly string[],
  own: readonly string[] = [],
): boolean {
  if (!ipaddr.isValid(address)) return false;
  // An IPv4 address in IPv6 clothes is judged as what it is.
  const parsed = ipaddr.process(address);
  if (allowRanges.some((range) => inRange(parsed, range))) return true;
  const text = parsed.toString();
  return parsed.range() === "unicast" && !metadataAddresses.has(text) && !own.includes(text);
}

/** The address that stands in place of a name in a URL: `localhost` and its kin mean loopback. */
export function literalAddress(hostname: string): string | undefined {
  const host = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (ipaddr.isValid(host)) return host;
  return isLoopbackHost(host) ? "127.0.0.1" : undefined;
}

/** Why a text is no address range, or undefined. */
export function rangeFault(range: string): string | undefined {
  return ipaddr.isValidCIDR(range)
    ? undefined
    : `"${range}" is no address range; one looks like 10.1.0.0/16 or fd00::/8.`;
}

/**
 * One client's address in one form: IPv4 as it is, IPv6 as its /64, which is what one subscriber gets. Undefined for
 * loopback, which is this machine's owner, and for what is no address.
 */
export function clientOfAddress(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.process(address);
  if (parsed.range() === "loopback") return undefined;
  if (parsed.kind() === "ipv4") return parsed.toString();
  return parsed.toByteArray().slice(0, 8).join(".");
}

/** An address without its port and brackets, in its usual form; undefined for anything else. */
export function bareAddress(text: string): string | undefined {
  const bare = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(text)?.[1] ?? text;
  // Shorter forms of IPv4 ("1.2", "0x7f.1") are nobody's.
  return ipaddr.IPv6.isValid(bare) || ipaddr.IPv4.isValidFourPartDecimal(bare)
    ? ipaddr.process(bare).toString()
    : undefined;
}

/** Whether an address lies in a range (CIDR). */
export function addressIn(address: string, range: string): boolean {
  return ipaddr.isValid(address) && inRange(ipaddr.process(address), range);
}

function inRange(address: ipaddr.IPv4 | ipaddr.IPv6, range: string): boolean {
  const [base, bits] = ipaddr.parseCIDR(range);
  return address.kind() === base.kind() && address.match(base, bits);
}
