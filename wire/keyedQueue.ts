// Queues that admit only agents with a key: such a queue is named after the key's hash, so whoever knows the name can use the
// queue, and only who has the key can serve it.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

export function queueNameOfKey(key: string): string {
  return `k-${hashOfKey(key)}`;
}

/** For a queue named `k-<hash>`: only agents whose key has this SHA-256 may serve it. */
export function keyHashOf(name: string): string | null {
  return /^k-([0-9a-f]{64})$/.exec(name)?.[1] ?? null;
}

export function hashOfKey(key: string): string {
  return bytesToHex(sha256(utf8ToBytes(key)));
}
