// An agent's public id: derived from the secret that it keeps and shows only to the queues it serves.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { type AgentId, own } from "./ids.ts";

export function agentIdOf(secret: string): AgentId {
  return own.agentId(bytesToHex(sha256(utf8ToBytes(secret))));
}
