// One queue: synchronous and deterministic over its rows. Each public method is one event: it settles what is due, changes
// rows in one transaction, and returns what the shell around it must do once that is on disk. It knows no platform, no clock
// and no network.

import { AgentMessage } from "../../wire/agentMessages.ts";
import { pingText, pongText } from "../../wire/clientMessages.ts";
import type { JobId, Namespace, QueueHash } from "../../wire/ids.ts";
import { agentFrameBytesMax } from "../../wire/limits.ts";
import type { QueueSettings } from "../limits.ts";
import { agentGone } from "./agents.ts";
import { assignWaiting } from "./assign.ts";
import { Broadcast } from "./broadcast.ts";
import { type CallFate, type CallOutcome, callReported, recallAll, sendCalls } from "./callbacks.ts";
import { type CancelOutcome, cancel } from "./cancel.ts";
import { Counters } from "./counters.ts";
import { arm, settleDue } from "./deadlines.ts";
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
import { Load } from "./load.ts";
import { effectDone, effectFailed, settleEffects } from "./publish.ts";
import { newQueueState, type QueueRow, type QueueState, readQueueRow, sameState, writeQueueRow } from "./queueState.ts";
import { Rates } from "./rates.ts";
import { migrate, schemaExists } from "./schema.ts";
import {
  type AgentSession,
  type ClientCaller,
  type ClientSession,
  newAgentSession,
  type Sessions,
} from "./sessions.ts";
import { emptySql, type Sql } from "./sql.ts";
import { type Submission, type SubmitOutcome, submit } from "./submit.ts";
import { type Effect, type StoreKind, Turn } from "./turn.ts";
import { answerQuery, greet, sendSnapshot } from "./watch.ts";

export interface QueueParts {
  readonly sql: Sql;
  readonly queue: QueueHash;
  readonly settings: QueueSettings;
  readonly sessions: Sessions;
  /** Random text for the epoch of a queue that is made. */
  readonly randomEpoch: () => string;
}

export interface TurnResult<T> {
  readonly reply: T;
  readonly effects: readonly Effect[];
}

export class Queue {
  readonly #parts: QueueParts;
  /** Undefined until something is written to this queue. */
  #row: QueueRow | undefined;
  #clock = 0;
  readonly #broadcast = new Broadcast();
  readonly #load = new Load();
  readonly #rates = new Rates();

  constructor(parts: QueueParts) {
    this.#parts = parts;
    const { sql, queue } = parts;
    if (!schemaExists(sql)) return;
    migrate(sql);
    this.#row = readQueueRow(sql, queue);
  }

  /** Once after the process began (or a Durable Object woke): sockets that are gone are noticed, owed effects leave again. */
  start(now: number): TurnResult<void> {
    if (!this.#row) return { reply: undefined, effects: [] };
    // Sessions that survived mean that this object only slept; otherwise the process is new and nobody could renew a lease.
    const isNew = this.#parts.sessions.size === 0;
    return this.#turn(
      now,
      (turn) => {
        // Effects that were owed when the process ended leave again; the alarm of the last process went with it.
        settleEffects(turn, "all");
        recallAll(turn);
        if (turn.state.wakeAt !== null) turn.effect({ type: "wake", at: turn.state.wakeAt });
      },
      { isNew },
    );
  }

  submit(now: number, submission: Submission): TurnResult<SubmitOutcome> {
    const slow = this.#rates.take(submission.client ?? null, now);
    if (slow) return { reply: { type: "refused", id: submission.checked.id, ...slow }, effects: [] };
    return this.#turn(now, (turn) => submit(turn, submission));
  }

  cancel(now: number, job: JobId, namespace: Namespace | "*", message: string): TurnResult<CancelOutcome> {
    if (!this.#row) return { reply: { type: "unknown" }, effects: [] };
    return this.#turn(now, (turn) => cancel(turn, job, { namespace, reason: "Cancelled", message }));
  }

  /** The alarm. */
  wake(now: number): TurnResult<void> {
    if (!this.#row) return { reply: undefined, effects: [] };
    // It has fired, perhaps a moment before its time: whatever is not due yet needs a new one.
    return this.#turn(now, (turn) => {
      turn.state.wakeAt = null;
    });
  }

  stored(now: number, job: JobId, kind: StoreKind, ok: boolean): TurnResult<void> {
    return this.#turn(now, (turn) => {
      if (!ok) return effectFailed(turn, job, kind);
      effectDone(turn, job, kind);
      published(turn, job, kind);
    });
  }

  /** The shell's report of a webhook that it was to send. */
  called(now: number, id: number, outcome: CallOutcome, random: number): TurnResult<CallFate> {
    return this.#turn(now, (turn) => callReported(turn, id, outcome, random));
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
    return this.#read(now, (turn) => greet(turn, id));
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
    sessions.remove(id);
    this.#rates.forget(id);
    if (agent === null || !this.#row) return { reply: undefined, effects: [] };
    return this.#turn(now, (turn) => agentGone(turn, agent, turn.now + settings.reconnectMs));
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
        return this.#read(now, (turn) => sendSnapshot(turn, id));
      case "QueryJob":
        return this.#read(now, (turn) => answerQuery(turn, session, message.payload));
      case "StateChange":
        return this.#stateChange(now, session, message.payload);
    }
  }

  agentFrame(now: number, id: string, text: string): TurnResult<void> {
    const session = this.#parts.sessions.agent(id);
    const message = session && parseFrame(AgentMessage, text, agentFrameBytesMax);
    if (!message) return { reply: undefined, effects: [] };
    return this.#turn(now, (turn) => takeAgentMessage(turn, session, message));
  }

  /** Looks without changing anything; a queue that does not exist looks like an empty one. */
  read<T>(now: number, look: (turn: Turn) => T): T {
    return this.#read(now, look).reply;
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
        return this.#turn(now, (turn) => takeSubmission(turn, session, submission));
      }
      case "Finished":
        if (!this.#row) return { reply: undefined, effects: [] };
        return this.#turn(now, (turn) => takeEnd(turn, change));
    }
  }

  #refuse(now: number, { id }: ClientSession, refusal: Refusal): TurnResult<void> {
    return this.#read(now, (turn) => refuse(turn, id, refusal));
  }

  #turn<T>(now: number, event: (turn: Turn) => T, { isNew = false } = {}): TurnResult<T> {
    const { sql } = this.#parts;
    const before = this.#row;
    try {
      return sql.transaction(() => {
        if (!before && !schemaExists(sql)) migrate(sql);
        const state = { ...(before?.state ?? newQueueState(this.#parts.randomEpoch())) };
        const turn = this.#newTurn(now, state);
        settleDue(turn, isNew);
        const reply = event(turn);
        if (turn.assignable) assignWaiting(turn);
        sendCalls(turn);
        const effects = turn.finish();
        arm(turn);
        const row = { state, counters: turn.counters.values() };
        if (!before || turn.counters.changed || !sameState(before.state, state)) {
          state.clock = turn.now;
          writeQueueRow(sql, turn.queue, row);
        }
        this.#row = row;
        return { reply, effects };
      });
    } catch (error) {
      this.#row = before;
      this.#load.forget();
      throw error;
    }
  }

  #read<T>(now: number, look: (turn: Turn) => T): TurnResult<T> {
    const sql = this.#row ? this.#parts.sql : emptySql;
    const turn = this.#newTurn(now, { ...(this.#row?.state ?? newQueueState("")) }, sql);
    const reply = look(turn);
    return { reply, effects: turn.finish() };
  }

  #newTurn(now: number, state: QueueState, sql: Sql = this.#parts.sql): Turn {
    // Time never goes back, whatever the machine's clock does.
    this.#clock = Math.max(this.#clock, now, state.clock);
    const { queue, settings, sessions } = this.#parts;
    const parts = {
      sql,
      queue,
      now: this.#clock,
      settings,
      sessions,
      state,
      broadcast: this.#broadcast,
      load: this.#load,
    };
    return new Turn({ ...parts, counters: new Counters(this.#row?.counters ?? {}) });
  }
}
