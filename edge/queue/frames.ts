// Frames of the two sockets: text in, checked messages out, and what one message does in a turn.

import * as v from "valibot";
import type { AgentMessage } from "../../wire/agentMessages.ts";
import { ClientMessage, Enqueue } from "../../wire/clientMessages.ts";
import { checkDefinition } from "../../wire/definition.ts";
import { defaultNamespace } from "../../wire/ids.ts";
import { Progress } from "../../wire/job.ts";
import { clientFrameBytesMax, shortTextCharsMax } from "../../wire/limits.ts";
import { sentenceOf } from "../../wire/sentence.ts";
import { durationMs } from "../../wire/units.ts";
import type { Callback } from "../../wire/webhook.ts";
import { definitionStoreMs, type QueueSettings } from "../limits.ts";
import { hostsOf, type UrlRules, urlFault } from "../outbound/urlRules.ts";
import { runningAttempt, takeHello, takeSync } from "./agents.ts";
import type { Callbacks, Target } from "./callbacks.ts";
import { cancel } from "./cancel.ts";
import { announceJob, writeJob } from "./jobs.ts";
import { takeSealed } from "./logSeal.ts";
import { takeLogs } from "./logs.ts";
import type { AgentSession, ClientSession, KnownAgent } from "./sessions.ts";
import { type Submission, submit } from "./submit.ts";
import type { Turn } from "./turn.ts";
import { passResources, watch } from "./watch.ts";

export type StateChange = Extract<ClientMessage, { type: "StateChange" }>["payload"];

/** The frame, if it is one of ours and not too large; whatever else comes is ignored. */
export function parseFrame<S extends v.GenericSchema>(
  schema: S,
  text: string,
  max: number,
): v.InferOutput<S> | undefined {
  if (text.length > max || !text.startsWith("{")) return undefined;
  try {
    const parsed = v.safeParse(schema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    // Not JSON: ignored, like every frame that this protocol does not know.
    return undefined;
  }
}

export type ClientFrame =
  | { readonly type: "message"; readonly message: ClientMessage }
  | { readonly type: "refused"; readonly refusal: Refusal }
  | { readonly type: "ignored" };

/** A client's frame. Whoever meant to submit and did not manage is told so; anything else that is none of ours is ignored. */
export function parseClientFrame(text: string): ClientFrame {
  const message = parseFrame(ClientMessage, text, clientFrameBytesMax);
  if (message) return { type: "message", message };
  if (text.length > clientFrameBytesMax) {
    if (!/^\{\s*"type"\s*:\s*"StateChange"/.test(text)) return { type: "ignored" };
    const error = `A frame has at most ${clientFrameBytesMax} characters: upload inputs (PUT /f/:key) and reference them.`;
    return { type: "refused", refusal: { id: undefined, code: "size", error } };
  }
  const meant = parseFrame(Submitting, text, clientFrameBytesMax);
  if (!meant) return { type: "ignored" };
  const enqueued = meant.payload.value?.enqueued;
  const enqueue = v.safeParse(Enqueue, enqueued);
  const error = enqueue.success ? "This is not a submission." : sentenceOf(enqueue.issues);
  const sent = v.safeParse(SentId, enqueued);
  return { type: "refused", refusal: { id: sent.success ? sent.output.id : undefined, code: "malformed", error } };
}

/** A frame that says it is a submission, whatever is in it. */
const Submitting = v.object({
  type: v.literal("StateChange"),
  payload: v.object({
    state: v.literal("Queued"),
    value: v.fallback(v.optional(v.object({ enqueued: v.optional(v.unknown()) })), undefined),
  }),
});
const SentId = v.object({ id: v.pipe(v.string(), v.maxLength(shortTextCharsMax)) });

/** Where a submission came from, and where its webhooks may go. */
export interface Submitter {
  readonly client: string | null;
  readonly queueName: string;
  readonly origin: string;
  readonly rules: UrlRules;
}

/** A socket's submitter. Links in its webhooks begin with the public origin, where the settings name one. */
export function submitterOf(session: ClientSession, { origins, callbackRules }: QueueSettings): Submitter {
  const { client, queueName } = session;
  const [origin = session.origin] = origins;
  return {
    client,
    queueName,
    origin,
    // Only a submission with a webhook asks: parsing an address for each would cost a twentieth of all that a job does.
    get rules() {
      return { ...callbackRules, ownHosts: [...callbackRules.ownHosts, ...hostsOf([session.origin])] };
    },
  };
}

export type EnqueueCheck =
  | { readonly ok: true; readonly submission: Submission }
  | { readonly ok: false; readonly id: string | undefined; readonly code: string; readonly error: string };

/** A submission from a socket or a body: its definition is checked and named, and an id that came along must be that name. */
export function checkEnqueue({ id: sent, definition, control, debug }: Enqueue, submitter: Submitter): EnqueueCheck {
  const id = sent ?? undefined;
  if (definition === undefined) return { ok: false, id, code: "malformed", error: noDefinition };
  const check = checkDefinition(definition);
  if (!check.ok) return { ok: false, id, code: check.status === 413 ? "size" : "definition", error: check.error };
  if (id !== undefined && id !== check.value.id) {
    const error = `The id is not the definition's: that is ${check.value.id}. Leave it out, or compute it from this definition.`;
    return { ok: false, id, code: "id", error };
  }
  const { queued, finished } = control?.callbacks ?? {};
  for (const callback of [queued, finished]) {
    const fault = callback && urlFault(new URL(callback.url), submitter.rules);
    if (fault) return { ok: false, id, code: "callback", error: fault };
  }
  const callbacks: Callbacks = {
    ...(queued ? { queued: targetOf(queued, submitter) } : {}),
    ...(finished ? { finished: targetOf(finished, submitter) } : {}),
  };
  const namespace = control?.namespace ?? defaultNamespace;
  const { client } = submitter;
  const patienceMs = durationMs(control?.maxDuration ?? "") ?? null;
  const submission = { checked: check.value, namespace, debug: debug ?? false, client, callbacks, patienceMs };
  return { ok: true, submission };
}

const noDefinition = 'A submission is {"definition": {...}}; this one has no definition.';

function targetOf({ url, payload, secret }: Callback, { queueName, origin }: Submitter): Target {
  return { url, payload: payload ?? {}, secret: secret ?? null, queueName, origin };
}

export function takeSubmission(turn: Turn, session: ClientSession, { submission }: EnqueueCheck & { ok: true }): void {
  watch(turn, session, submission.checked.id);
  const outcome = submit(turn, submission, definitionStoreMs);
  if (outcome.type === "refused") refuse(turn, session.id, outcome);
}

/** A client may cancel and delete. */
export function takeEnd(turn: Turn, { job, value }: Extract<StateChange, { state: "Finished" }>): void {
  const { reason, namespace, message } = value;
  cancel(turn, job, {
    namespace: namespace ?? defaultNamespace,
    reason,
    message: message ?? (reason === "Cancelled" ? "Cancelled by a client." : "Deleted by a client."),
  });
}

export interface Refusal {
  readonly id: string | undefined;
  readonly code: string;
  readonly error: string;
  readonly retryAfterMs?: number;
}

/** Over HTTP a refusal is a 4xx; here it is our frame, and an end of that id for clients that know only the peer's frames. */
export function refuse(turn: Turn, session: string, { id, code, error, retryAfterMs }: Refusal): void {
  turn.send(session, {
    type: "Refused",
    payload: { ...(id === undefined ? {} : { jobId: id }), code, error, ...(retryAfterMs ? { retryAfterMs } : {}) },
  });
  if (id === undefined) return;
  const time = turn.now;
  const finished = { type: "Finished", reason: "Error", time, message: error } as const;
  const job = { queuedTime: time, state: "Finished", time, worker: "", finishedReason: "Error", finished } as const;
  turn.send(session, { type: "JobStateUpdates", payload: { state: { jobs: { [id]: job } }, isSubset: true } });
}

export function takeAgentMessage(turn: Turn, session: AgentSession, message: AgentMessage): void {
  if (message.type === "hello") takeHello(turn, session, message);
  else {
    const known = session.agent === null ? undefined : turn.sessions.ofAgent(session.agent);
    if (known?.id === session.id) takeReport(turn, known, message);
  }
}

function takeReport(turn: Turn, agent: KnownAgent, message: Exclude<AgentMessage, { type: "hello" }>): void {
  if (message.type === "sync") {
    takeSync(turn, agent, message);
    return;
  }
  if (message.type === "upload") {
    // A matter of the store alone: it changes no row.
    turn.effect({ type: "upload", session: agent.id, request: message });
    return;
  }
  const job = runningAttempt(turn, agent, message);
  if (!job) return;
  switch (message.type) {
    case "progress": {
      const { type: _type, job: _job, attempt: _attempt, phase, ...rest } = message;
      const before = job.progress === null ? undefined : v.parse(Progress, JSON.parse(job.progress));
      // Since the phase began, whatever is said of it.
      const since = before?.phase === phase ? before.since : turn.now;
      const progress = { phase, since, ...rest };
      announceJob(turn, writeJob(turn, job, { ...job, progress: JSON.stringify(progress) }));
      return;
    }
    case "resources":
      passResources(turn, job.id, message);
      return;
    case "logs":
      takeLogs(turn, job, message);
      return;
    case "sealed":
      takeSealed(turn, job, message);
      return;
  }
}
