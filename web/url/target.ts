// Which queue an address names, and where that queue is.

import * as v from "valibot";
import { QueueName } from "../../wire/ids.ts";
import { isLoopbackHost } from "../../wire/loopback.ts";
import type { Parameters } from "./parameters.ts";

export interface QueueTarget {
  readonly queue: QueueName;
  /** The origin of its server. */
  readonly api: string;
  /** Its jobs run on this machine: a page must not start them without being told to. */
  readonly loopback: boolean;
}

export type TargetState =
  | { readonly kind: "none" }
  | { readonly kind: "invalid"; readonly error: string }
  | { readonly kind: "target"; readonly target: QueueTarget };

/** Where a server on this machine listens unless told otherwise. */
const localApi = "http://localhost:8000";

/** The queue that counts: the parent's override unless the frame's owner refuses it. */
export function effectiveQueue(
  parameters: Pick<Parameters, "queue" | "queueOverride" | "ignoreQueueOverride">,
): string {
  return parameters.queueOverride !== "" && !parameters.ignoreQueueOverride
    ? parameters.queueOverride
    : parameters.queue;
}

/** Resolves a queue as written (a name, `local`, or a URL) for a page at `pageOrigin`. */
export function resolveQueue(written: string, pageOrigin: string): TargetState {
  if (written === "") return { kind: "none" };
  if (/^(https?|wss?):\/\//i.test(written)) return fromUrl(written);
  const own = URL.canParse(pageOrigin) && isLoopbackHost(new URL(pageOrigin).hostname);
  return targetAt(written === "local" && !own ? localApi : pageOrigin, written);
}

function fromUrl(written: string): TargetState {
  const invalid = {
    kind: "invalid",
    error: `A queue's address looks like https://host/queue; this one is not: ${written}`,
  } as const;
  if (!URL.canParse(written)) return invalid;
  const url = new URL(written.replace(/^ws/i, "http"));
  const path = url.pathname.replace(/^\/+|\/+$/g, "").replace(/^q\//, "");
  if (path === "") return invalid;
  try {
    return targetAt(url.origin, decodeURIComponent(path));
  } catch {
    return invalid;
  }
}

function targetAt(api: string, name: string): TargetState {
  const queue = v.safeParse(QueueName, name);
  if (!queue.success) return { kind: "invalid", error: queue.issues[0].message };
  const loopback = URL.canParse(api) && isLoopbackHost(new URL(api).hostname);
  return { kind: "target", target: { queue: queue.output, api, loopback } };
}
