// Webhooks. What a submission asked for waits in a row for its job's end; when its moment comes it becomes a call, which the
// shell sends and reports on. A call that fails is tried again with growing random pauses, for a day.

import * as v from "valibot";
import { type JobId, type Namespace, own } from "../../wire/ids.ts";
import type { FinishedReason } from "../../wire/result.ts";
import { type FinishedWebhook, type QueuedWebhook, WebhookEvent } from "../../wire/webhook.ts";
import { callGiveUpMs, callLeaseMs, callRetryMs, callRetryMsMax, callsInFlightMax } from "../limits.ts";
import { integer, integerOrNull, text, textOrNull } from "./sql.ts";
import type { Turn } from "./turn.ts";

const TargetSchema = v.object({
  url: v.string(),
  secret: v.nullable(v.string()),
  payload: v.unknown(),
  /** The queue's name, which only its owner's webhook carries. */
  queueName: v.string(),
  /** The address that the submission came to: links begin with it. */
  origin: v.string(),
});
export type Target = Readonly<v.InferOutput<typeof TargetSchema>>;

export interface Callbacks {
  readonly queued?: Target;
  readonly finished?: Target;
}

/** One webhook to send. `delivery` stays the same in every try. */
export interface Call {
  readonly id: number;
  readonly delivery: string;
  readonly job: JobId;
  readonly event: WebhookEvent;
  readonly url: string;
  readonly secret: string | null;
  /** Where the submission came to: never a webhook's receiver. */
  readonly origin: string;
  readonly body: string;
}

/** How a try ended: `refused` means that no further one could end otherwise. */
export type CallOutcome = "delivered" | "failed" | "refused";

/** What became of the call: it is over, or will be tried again. */
export type CallFate = "over" | "again" | "givenUp";

export interface End {
  readonly reason: FinishedReason;
  readonly statusCode: number | null;
  readonly cached: boolean;
}

/** The job was put into line for this submission. */
export function callQueued(turn: Turn, job: JobId, namespace: Namespace, target: Target): void {
  const { queueName: queue, payload: config } = target;
  addCall(turn, job, "queued", target, { jobId: job, queue, namespace, config });
}

/** The newest registration of a namespace counts. */
export function awaitEnd(turn: Turn, job: JobId, namespace: Namespace, target: Target): void {
  turn.sql.all(
    `INSERT INTO callbacks (queue, job, namespace, target) VALUES (?, ?, ?, ?)
     ON CONFLICT (queue, job, namespace) DO UPDATE SET target = excluded.target`,
    turn.queue,
    job,
    namespace,
    JSON.stringify(target),
  );
}

/** The job has ended, for these namespaces or for all that asked. */
export function callFinished(turn: Turn, job: JobId, end: End, namespaces?: readonly string[]): void {
  const rows = turn.sql.all("SELECT namespace, target FROM callbacks WHERE queue = ? AND job = ?", turn.queue, job);
  for (const row of rows) {
    const namespace = own.namespace(text(row, "namespace"));
    if (namespaces && !namespaces.includes(namespace)) continue;
    turn.sql.all("DELETE FROM callbacks WHERE queue = ? AND job = ? AND namespace = ?", turn.queue, job, namespace);
    callEnd(turn, job, namespace, v.parse(TargetSchema, JSON.parse(text(row, "target"))), end);
  }
}

export function callEnd(turn: Turn, job: JobId, namespace: Namespace, target: Target, end: End): void {
  const { queueName: queue, payload: config, origin } = target;
  addCall(turn, job, "finished", target, {
    jobId: job,
    queue,
    namespace,
    config,
    state: "Finished",
    reason: end.reason,
    ...(end.statusCode === null ? {} : { StatusCode: end.statusCode }),
    cached: end.cached,
    links: {
      job: `${origin}/q/${encodeURIComponent(queue)}/j/${job}`,
      result: `${origin}/q/${encodeURIComponent(queue)}/j/${job}/result.json`,
    },
  });
}

function addCall(
  turn: Turn,
  job: JobId,
  event: WebhookEvent,
  { url, secret, origin }: Target,
  body: QueuedWebhook | FinishedWebhook,
): void {
  turn.state.lastCall += 1;
  turn.state.calls += 1;
  turn.sql.all(
    "INSERT INTO calls (queue, id, job, event, url, secret, origin, body, made_at, due, sent_at, tries) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 0)",
    turn.queue,
    turn.state.lastCall,
    job,
    event,
    url,
    secret,
    origin,
    JSON.stringify(body),
    turn.now,
    turn.now,
  );
}

/** Lets calls that are due leave, so many at a time. One that nobody reported on leaves again. */
export function sendCalls(turn: Turn): void {
  if (turn.state.calls === 0) return;
  const [flying] = turn.sql.all(
    "SELECT count(*) AS count FROM calls WHERE queue = ? AND sent_at IS NOT NULL AND due > ?",
    turn.queue,
    turn.now,
  );
  const room = callsInFlightMax - (flying ? integer(flying, "count") : 0);
  if (room <= 0) return;
  const rows = turn.sql.all(
    "SELECT * FROM calls WHERE queue = ? AND due <= ? ORDER BY due, id LIMIT ?",
    turn.queue,
    turn.now,
    room,
  );
  for (const row of rows) {
    const id = integer(row, "id");
    turn.sql.all(
      "UPDATE calls SET due = ?, sent_at = ? WHERE queue = ? AND id = ?",
      turn.now + callLeaseMs,
      turn.now,
      turn.queue,
      id,
    );
    const call: Call = {
      id,
      delivery: `${turn.state.epoch}.${id}`,
      job: own.jobId(text(row, "job")),
      event: v.parse(WebhookEvent, row.event),
      url: text(row, "url"),
      secret: textOrNull(row, "secret"),
      origin: text(row, "origin"),
      body: text(row, "body"),
    };
    turn.wakeBy(turn.now + callLeaseMs);
    turn.effect({ type: "call", call });
  }
}

/** After a start: whatever was under way when the last process ended leaves again. */
export function recallAll(turn: Turn): void {
  if (turn.state.calls === 0) return;
  turn.sql.all(
    "UPDATE calls SET due = ?, sent_at = NULL WHERE queue = ? AND sent_at IS NOT NULL",
    turn.now,
    turn.queue,
  );
}

/** The shell's report of a try. `random` is from 0 to below 1. */
export function callReported(turn: Turn, id: number, outcome: CallOutcome, random: number): CallFate {
  const [row] = turn.sql.all("SELECT made_at, sent_at, tries FROM calls WHERE queue = ? AND id = ?", turn.queue, id);
  if (!row || integerOrNull(row, "sent_at") === null) return "over";
  const tries = integer(row, "tries") + 1;
  const due = turn.now + Math.round(random * Math.min(callRetryMs * 2 ** tries, callRetryMsMax));
  if (outcome === "failed" && due < integer(row, "made_at") + callGiveUpMs) {
    turn.sql.all(
      "UPDATE calls SET due = ?, sent_at = NULL, tries = ? WHERE queue = ? AND id = ?",
      due,
      tries,
      turn.queue,
      id,
    );
    turn.wakeBy(due);
    return "again";
  }
  turn.sql.all("DELETE FROM calls WHERE queue = ? AND id = ?", turn.queue, id);
  turn.state.calls -= 1;
  turn.counters.add(`webhook.${outcome === "failed" ? "givenUp" : outcome}`);
  return outcome === "failed" ? "givenUp" : "over";
}

/** When the next call is due, or one that is under way counts as lost. */
export function nextCallAt(turn: Turn): number | null {
  if (turn.state.calls === 0) return null;
  const [row] = turn.sql.all("SELECT min(due) AS at FROM calls WHERE queue = ? AND due > ?", turn.queue, turn.now);
  return row ? integerOrNull(row, "at") : null;
}
