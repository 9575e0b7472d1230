// A queue's name is a credential: everything that is kept or logged uses its keyed hash.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { own, type QueueHash, type QueueName } from "../wire/ids.ts";

export function queueHash(secret: string, name: QueueName): QueueHash {
  return own.queueHash(bytesToHex(hmac(sha256, utf8ToBytes(secret), utf8ToBytes(name))));
}
