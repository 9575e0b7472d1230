// Sending one webhook: signed, with a limit on time, and every hop of a redirect checked like the first.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { QueueHash } from "../../wire/ids.ts";
import { webhookHeaders } from "../../wire/webhook.ts";
import { callRedirectsMax, callTimeoutMs } from "../limits.ts";
import type { Call, CallFate, CallOutcome } from "../queue/callbacks.ts";
import { hostsOf, type UrlRules, urlFault } from "./urlRules.ts";

/** One POST that follows no redirect and reads no body. @throws AddressRefused, or whatever broke the exchange. */
export type Post = (
  url: URL,
  request: { readonly headers: Readonly<Record<string, string>>; readonly body: string; readonly signal: AbortSignal },
) => Promise<{ readonly status: number; readonly location: string | null }>;

/** The name leads to no address that this server may talk to. */
export class AddressRefused extends Error {}

export interface Delivery {
  readonly outcome: CallOutcome;
  /** For the log: what came back, or what broke. */
  readonly detail: string;
  /** Where the last hop went: the host alone, since paths and queries of webhooks are often secrets. */
  readonly host: string;
}

export interface DeliverParts {
  readonly post: Post;
  readonly rules: UrlRules;
  readonly now: () => number;
  readonly signal?: AbortSignal;
}

export async function deliver(call: Call, { post, rules, now, signal }: DeliverParts): Promise<Delivery> {
  let url = new URL(call.url);
  const headers = headersOf(call, Math.floor(now() / 1000));
  for (let redirects = 0; redirects <= callRedirectsMax; redirects++) {
    const end = (outcome: CallOutcome, detail: string): Delivery => ({ outcome, detail, host: url.host });
    const fault = urlFault(url, { ...rules, ownHosts: [...rules.ownHosts, ...hostsOf([call.origin])] });
    if (fault) return end("refused", fault);
    const timeout = AbortSignal.timeout(callTimeoutMs);
    const request = { headers, body: call.body, signal: signal ? AbortSignal.any([signal, timeout]) : timeout };
    let answer: Awaited<ReturnType<Post>>;
    try {
      answer = await post(url, request);
    } catch (error) {
      return end(error instanceof AddressRefused ? "refused" : "failed", faultText(error));
    }
    const { status, location } = answer;
    if (status >= 200 && status < 300) return end("delivered", `answered ${status}`);
    // Gone: its owner wants no more.
    if (status === 410) return end("refused", "answered 410");
    // Only these two say that the same POST belongs elsewhere.
    if ((status !== 307 && status !== 308) || location === null || !URL.canParse(location, url.href)) {
      return end("failed", `answered ${status}`);
    }
    const next = new URL(location, url.href);
    if (url.protocol === "https:" && next.protocol !== "https:") return end("refused", "redirects from https to http");
    url = next;
  }
  return { outcome: "failed", detail: `redirects more than ${callRedirectsMax} times`, host: url.host };
}

function headersOf({ event, delivery, secret, body }: Call, seconds: number): Readonly<Record<string, string>> {
  return {
    "content-type": "application/json",
    "user-agent": "longshore",
    [webhookHeaders.event]: event,
    [webhookHeaders.delivery]: delivery,
    [webhookHeaders.timestamp]: String(seconds),
    ...(secret === null ? {} : { [webhookHeaders.signature]: signatureOf(secret, seconds, body) }),
  };
}

/** What the log says of a try. */
export function webhookEvent(
  queue: QueueHash,
  { job, event: webhook, delivery }: Call,
  { outcome, detail, host }: Delivery,
  fate: CallFate,
): Readonly<Record<string, string>> {
  return { event: "webhook", queue: queue.slice(0, 8), job, webhook, delivery, host, outcome, detail, fate };
}

export function signatureOf(secret: string, seconds: number, body: string): string {
  return `v1=${bytesToHex(hmac(sha256, utf8ToBytes(secret), utf8ToBytes(`${seconds}.${body}`)))}`;
}

function faultText(error: unknown): string {
  if (!(error instanceof Error)) return "broke off";
  if (error.name === "TimeoutError" || error.name === "AbortError") return "gave no answer in time";
  // Node's messages can name the whole address: its code is enough.
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
