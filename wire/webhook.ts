// Webhooks: how they are asked for, what their bodies say, and how they are signed.

import * as v from "valibot";
import { JobId, Namespace } from "./ids.ts";
import { callbackPayloadCharsMax, callbackSecretCharsMax, callbackUrlCharsMax } from "./limits.ts";
import { FinishedReason } from "./result.ts";

/** A webhook to call. `payload` comes back as `config` of its body; with a `secret` it is signed. */
export const Callback = v.object({
  url: v.pipe(
    v.string(),
    v.maxLength(callbackUrlCharsMax, `A webhook's url has at most ${callbackUrlCharsMax} characters.`),
    v.check((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), "A webhook's url is http(s)."),
  ),
  payload: v.optional(
    v.pipe(
      v.unknown(),
      v.check(
        (payload) => (JSON.stringify(payload) ?? "").length <= callbackPayloadCharsMax,
        `A webhook's payload has at most ${callbackPayloadCharsMax} characters of JSON.`,
      ),
    ),
  ),
  secret: v.optional(
    v.nullable(
      v.pipe(
        v.string(),
        v.minLength(1, "A webhook's secret is empty."),
        v.maxLength(callbackSecretCharsMax, `A webhook's secret has at most ${callbackSecretCharsMax} characters.`),
      ),
    ),
  ),
});
export type Callback = v.InferOutput<typeof Callback>;

/** `queued`: the job really went into line. `finished`: it ended for the namespace, in whatever way. */
export const WebhookEvent = v.picklist(["queued", "finished"]);
export type WebhookEvent = v.InferOutput<typeof WebhookEvent>;

const common = { jobId: JobId, queue: v.string(), namespace: Namespace, config: v.unknown() };

export const QueuedWebhook = v.object(common);
export type QueuedWebhook = v.InferOutput<typeof QueuedWebhook>;

/** `cached`: an earlier run's result answered. `StatusCode` is the program's, absent when no container ended. */
export const FinishedWebhook = v.object({
  ...common,
  state: v.literal("Finished"),
  reason: FinishedReason,
  StatusCode: v.optional(v.number()),
  cached: v.boolean(),
  links: v.object({ job: v.string(), result: v.string() }),
});
export type FinishedWebhook = v.InferOutput<typeof FinishedWebhook>;

/**
 * Headers of every webhook. The delivery's id is the same in each try: who gets one twice can tell. The signature is
 * `v1=` and the hex HMAC-SHA256 of `<timestamp>.<body>` under the secret; the timestamp is that of the try, in seconds.
 */
export const webhookHeaders = {
  event: "longshore-event",
  delivery: "longshore-delivery",
  timestamp: "longshore-timestamp",
  signature: "longshore-signature",
} as const;
