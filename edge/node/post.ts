// Webhooks from Node: a name is resolved once, and the connection goes to the address that was checked.

import { lookup } from "node:dns/promises";
import http from "node:http";
import https from "node:https";
import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";
import { isAllowedAddress } from "../../wire/addresses.ts";
import { AddressRefused, type Post } from "../outbound/deliver.ts";

interface Address {
  readonly address: string;
  readonly family: number;
}

export interface PostOptions {
  /** Ranges (CIDR) that are allowed although they are not public. */
  readonly allowRanges: readonly string[];
  readonly resolve?: (host: string) => Promise<readonly Address[]>;
}

export function nodePost({ allowRanges, resolve = resolveAll }: PostOptions): Post {
  return async (url, request) => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const addresses = await orAborted(resolve(host), request.signal);
    const own = addressesOfThisMachine();
    const address = addresses.find((one) => isAllowedAddress(one.address, allowRanges, own));
    if (!address) throw new AddressRefused("the name leads to no public address");
    return postTo(url, address, request);
  };
}

function postTo(
  url: URL,
  { address, family }: Address,
  { headers, body, signal }: Parameters<Post>[1],
): ReturnType<Post> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? https : http).request(url, {
      method: "POST",
      signal,
      // A pooled connection might lead to another address.
      agent: false,
      headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
      lookup: (_host, options, callback) => {
        if (options.all === true) callback(null, [{ address, family }]);
        else callback(null, address, family);
      },
    });
    request.on("error", reject);
    request.on("response", (response) => {
      resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? null });
      // What a receiver says beyond its status is nobody's business here.
      request.destroy();
    });
    request.end(body);
  });
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function resolveAll(host: string): Promise<readonly Address[]> {
  return lookup(host, { all: true, verbatim: true });
}

/** They may be public ones, and are this server all the same. */
function addressesOfThisMachine(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => ipaddr.process(address).toString()),
  );
}
