// One queue: synchronous and deterministic over its rows. Each public method is one event: it settles what is due, changes
// rows in one transaction, and returns what the shell around it must do once that is on disk. Several may share a turn. It
// knows no platform, no clock and no network.

import { AgentMessage } from "../../wire/agentMessages.ts";
import { pingText, pongText } from "../../wire/clientMessages.ts";
import type { JobId, Namespace } from "../../wire/ids.ts";
import { agentFrameBytesMax } from "../../wire/limits.ts";
import { agentGone } from "./agents.ts";
import { type CallFate, type CallOutcome, callReported, recallAll } from "./callbacks.ts";
import { type CancelOutcome, cancel } from "./cancel.ts";
import { published } from "./finish.ts";
import {
  checkEnqueue,
  parseClientFrame,
  parseFrame,
  type Refusal,
  refuse,
  type StateChange,
  submitterOf,
  takeAgentMessage,
  takeEnd,
  takeSubmission,
} from "./frames.ts";
import { effectDone, effectFailed, settleEffects } from "./publish.ts";
import { Rates } from "./rates.ts";
import { type AgentSession, type ClientCaller, type ClientSession, newAgentSession } from "./sessions.ts";
import { type Submission, type SubmitOutcome, submit } from "./submit.ts";
import type { Effect, StoreKind, Turn } from "./turn.ts";
import { type QueueParts, type TurnResult, Turns } from "./turns.ts";
import { answerQuery, greet, sendSnapshot } from "./watch.ts";

/** Calls one of the queue's methods and returns its effects. */
export type QueueEvent = (queue: Queue, now: number) => readonly Effect[];

export class Queue {
  readonly #parts: Pick<QueueParts, "settings" | "sessions">;
  readonly #turns: Turns;
  readonly #rates: Rates;
  /** Sessions that survived mean that this object only slept; otherwise the process is new and nobody could renew a lease. */
  readonly #isNew: boolean;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    this.#isNew = parts.sessions.size === 0;
    this.#turns = new Turns(parts);
    this.#rates = new Rates(parts.settings.submissionsPerSecond);
  }

  /** Whether anything was ever written to it. */
  get exists(): boolean {
    return this.#turns.exists;
  }

  /** Once after the process began (or a Durable Object woke): sockets that are gone are noticed, owed effects leave again. */
  start(now: number): TurnResult<void> {
    if (!this.#turns.exists) return { reply: undefined, effects: [] };
    return this.#turns.run(
      now,
      (turn) => {
        // Effects that were owed when the process ended leave again; the alarm of the last process went with it.
        settleEffects(turn, "all");
        recallAll(turn);
        if (turn.state.wakeAt !== null) turn.effect({ type: "wake", at: turn.state.wakeAt });
      },
      { isNew: this.#isNew },
    );
  }

  /** What came in at the same moment, as one turn: all of it or, if any of it fails, nothing. */
  together(now: number, events: readonly QueueEvent[]): readonly Effect[] {
    const { reply, effects } = this.#turns.together(() => events.flatMap((event) => event(this, now)));
    return [...reply, ...effects];
  }

  submit(now: number, submission: Submission): TurnResult<SubmitOutcome> {
    const slow = this.#rates.take(submission.client ?? null, now);
    if (slow) return { reply: { type: "refused", id: submission.checked.id, ...slow }, effects: [] };
    return this.#turns.run(now, (turn) => submit(turn, submission));
  }

  cancel(now: number, job: JobId, namespace: Namespace | "*", message: string): TurnResult<CancelOutcome> {
    if (!this.#turns.exists) return { reply: { type: "unknown" }, effects: [] };
    return this.#turns.run(now, (turn) => cancel(turn, job, { namespace, reason: "Cancelled", message }));
  }

  /** The alarm. */
  wake(now: number): TurnResult<void> {
    if (!this.#turns.exists) return { reply: undefined, effects: [] };
    // It has fired, perhaps a moment before its time: whatever is not due yet needs a new one.
    return this.#turns.run(now, (turn) => {
      turn.state.wakeAt = null;
    });
  }

  stored(now: number, job: JobId, kind: StoreKind, ok: boolean): TurnResult<void> {
    return this.#turns.run(now, (turn) => {
      if (!ok) return effectFailed(turn, job, kind);
      effectDone(turn, job, kind);
      published(turn, job, kind);
    });
  }

  /** The shell's report of a webhook that it was to send. */
  called(now: number, id: number, outcome: CallOutcome, random: number): TurnResult<CallFate> {
    return this.#turns.run(now, (turn) => callReported(turn, id, outcome, random));
  }

  clientConnected(now: number, id: string, caller: ClientCaller): TurnResult<void> {
    const { client, queueName, origin } = caller;
    this.#parts.sessions.save({
      kind: "client",
      id,
      openedAt: now,
      watched: [],
      sees: "queue",
      client,
      queueName,
      origin,
    });
    return this.#turns.read(now, (turn) => greet(turn, id));
  }

  /** A session that is told of one job, from now on: of its state and its log. */
  watcherConnected(now: number, id: string, job: JobId): void {
    const nobody = { client: null, queueName: "", origin: "" };
    this.#parts.sessions.save({ kind: "client", id, openedAt: now, watched: [job], sees: "watched", ...nobody });
  }

  agentConnected(now: number, id: string, { origin, keyHash }: Pick<AgentSession, "origin" | "keyHash">): void {
    this.#parts.sessions.save(newAgentSession({ id, openedAt: now, origin, keyHash }));
  }

  closed(now: number, id: string): TurnResult<void> {
    const { sessions, settings } = this.#parts;
    const agent = sessions.agent(id)?.agent ?? null;
    this.#rates.forget(id);
    if (agent === null || !this.#turns.exists) {
      sessions.remove(id);
      return { reply: undefined, effects: [] };
    }
    return this.#turns.run(now, (turn) => {
      sessions.remove(id);
      agentGone(turn, agent, turn.now + settings.comeBackMs);
    });
  }

  clientFrame(now: number, id: string, text: string): TurnResult<void> {
    const session = this.#parts.sessions.client(id);
    if (text === pingText) return { reply: undefined, effects: [{ type: "send", sessions: [id], frame: pongText }] };
    const frame = session && parseClientFrame(text);
    if (!frame || frame.type === "ignored") return { reply: undefined, effects: [] };
    if (frame.type === "refused") return this.#refuse(now, session, frame.refusal);
    const { message } = frame;
    switch (message.type) {
      case "QueryJobStates":
        return this.#turns.read(now, (turn) => sendSnapshot(turn, id));
      case "QueryJob":
        return this.#turns.read(now, (turn) => answerQuery(turn, session, message.payload));
      case "StateChange":
        return this.#stateChange(now, session, message.payload);
    }
  }

  agentFrame(now: number, id: string, text: string): TurnResult<void> {
    const session = this.#parts.sessions.agent(id);
    const message = session && parseFrame(AgentMessage, text, agentFrameBytesMax);
    if (!message) return { reply: undefined, effects: [] };
    return this.#turns.run(now, (turn) => takeAgentMessage(turn, session, message));
  }

  /** Looks without changing anything; a queue that does not exist looks like an empty one. */
  read<T>(now: number, look: (turn: Turn) => T): T {
    return this.#turns.read(now, look).reply;
  }

  #stateChange(now: number, session: ClientSession, change: StateChange): TurnResult<void> {
    switch (change.state) {
      case "Queued": {
        // Refused before anything is written: a bad first submission makes no queue.
        const { enqueued } = change.value;
        const slow = this.#rates.take(session.client === null ? null : session.id, now);
        if (slow) return this.#refuse(now, session, { id: enqueued.id ?? undefined, ...slow });
        const submission = checkEnqueue(enqueued, submitterOf(session, this.#parts.settings));
        if (!submission.ok) return this.#refuse(now, session, submission);
        return this.#turns.run(now, (turn) => takeSubmission(turn, session, submission));
      }
      case "Finished":
        if (!this.#turns.exists) return { reply: undefined, effects: [] };
        return this.#turns.run(now, (turn) => takeEnd(turn, change));
    }
  }

  #refuse(now: number, { id }: ClientSession, refusal: Refusal): TurnResult<void> {
    return this.#turns.read(now, (turn) => refuse(turn, id, refusal));
  }
}
