// A submission over HTTP, from whatever route it comes.

import type { Context } from "hono";
import { Enqueue } from "../../wire/clientMessages.ts";
import type { SubmitAnswer } from "../../wire/http.ts";
import type { QueueName } from "../../wire/ids.ts";
import type { Caller, Deployment } from "../deployment.ts";
import { checkEnqueue } from "../queue/frames.ts";
import { fail, parse } from "./params.ts";

/** A request as the shells pass it to the app: with who sent it. */
export type CallerEnv = { Bindings: Partial<Caller> };

export async function submitTo(
  deployment: Deployment,
  c: Context<CallerEnv>,
  queueName: QueueName,
  body: unknown,
): Promise<SubmitAnswer> {
  if (body === null) fail(400, "No job provided");
  const enqueue = parse(Enqueue, body);
  const check = checkEnqueue(enqueue, {
    client: c.env?.client ?? null,
    queueName,
    origin: deployment.origins[0] ?? new URL(c.req.url).origin,
    rules: deployment.callbackRules,
  });
  if (!check.ok) return fail(check.code === "size" ? 413 : 400, check.error);
  const outcome = await deployment.queue(queueName).submit(check.submission);
  if (outcome.type === "refused") {
    return fail(429, outcome.error, { "retry-after": String(Math.ceil(outcome.retryAfterMs / 1000)) });
  }
  const { job, cached } = outcome;
  return { success: true, jobId: outcome.id, state: job.state, ...(cached ? { result: job } : {}) };
}
