// Which addresses a stranger's URL may make this machine talk to: public ones, and ranges that the operator allows. A name is
// resolved once and the connection goes to the address that was checked, so that it can't change in between.

import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";
import { isAllowedAddress } from "../../wire/addresses.ts";
import { JobFault } from "../fault.ts";
import type { Upstream } from "./upstream.ts";

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

export interface GuardOptions {
  /** Ranges (CIDR) that are allowed although they are not public. */
  readonly allowRanges: readonly string[];
  /** The way out, if there is only one. */
  readonly upstream?: Upstream | undefined;
  readonly resolve?: (host: string) => Promise<readonly Address[]>;
  /** Addresses of this machine, which may be public ones. */
  readonly ownAddresses?: () => readonly string[];
}

/** An address that is inside, where nobody is let in from a URL. */
export class AddressRefused extends JobFault {}

/**
 * The one address to connect to for this URL.
 * @throws JobFault with a sentence when it is no http(s) URL, has no address, or only addresses that are not allowed.
 */
export async function guardedAddress(url: URL, options: GuardOptions): Promise<Address> {
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new JobFault(`The URL ${shown(url)} is neither http nor https.`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = await (options.resolve ?? resolveAll)(host).catch((cause: unknown) => {
    throw new JobFault(`The host ${host} of ${shown(url)} has no address.`, { cause });
  });
  const own = (options.ownAddresses ?? addressesOfThisMachine)();
  const allowed = addresses.find(({ address }) => isAllowedAddress(address, options.allowRanges, own));
  if (allowed) return allowed;
  throw new AddressRefused(
    `The host ${host} of ${shown(url)} is not on the public internet, and this agent only reads from there. ` +
      "Its operator can allow an address range with --allow-range.",
  );
}

/** A URL as errors show it: without credentials and query, which may be secrets. */
export function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

async function resolveAll(host: string): Promise<readonly Address[]> {
  const found = await lookup(host, { all: true, verbatim: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}

function addressesOfThisMachine(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => ipaddr.process(address).toString()),
  );
}
