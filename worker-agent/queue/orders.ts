// What the queue sends, from text to checked messages.

import * as v from "valibot";
import { AgentOrders } from "../../wire/agentMessages.ts";

/** Undefined for what this version does not know, which is ignored. */
export function parseOrders(text: string): AgentOrders | undefined {
  try {
    const parsed = v.safeParse(AgentOrders, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
