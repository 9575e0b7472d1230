// Whose submissions count together: a keyed hash of the sender's address, so that rows and memory hold no addresses.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { clientOfAddress } from "../wire/addresses.ts";

/** Null for loopback, and where the platform names no address: nothing is limited by address there. */
export function clientHash(secret: string, address: string | undefined): string | null {
  const client = address === undefined ? undefined : clientOfAddress(address);
  if (client === undefined) return null;
  return bytesToHex(hmac(sha256, utf8ToBytes(secret), utf8ToBytes(`client ${client}`))).slice(0, 32);
}
