// One queue: synchronous and deterministic over its rows. Each public method is one event: it settles what is due, changes
// rows in one transaction, and returns what the shell around it must do once that is on disk. It knows no platform, no clock
// and no network.

import { AgentMessage } from "../../wire/agentMessages.ts";
import { ClientMessage, pingText, pongText } from "../../wire/clientMessages.ts";
import type { JobId, Namespace, QueueHash } from "../../wire/ids.ts";
import { agentFrameBytesMax, clientFrameBytesMax } from "../../wire/limits.ts";
import type { QueueSettings } from "../limits.ts";
import { agentGone } from "./agents.ts";
import { assignWaiting } from "./assign.ts";
import { Broadcast } from "./broadcast.ts";
import { type CancelOutcome, cancel } from "./cancel.ts";
import { nextDeadline, settleDue } from "./deadlines.ts";
import { published } from "./finish.ts";
import {
  checkEnqueue,
  parseFrame,
  refuse,
  type StateChange,
  takeAgentMessage,
  takeEnd,
  takeSubmission,
} from "./frames.ts";
import { effectDone, effectFailed, settleEffects } from "./publish.ts";
import { newQueueState, type QueueState, readQueueState, writeQueueState } from "./queueState.ts";
import { migrate, schemaExists } from "./schema.ts";
import type { AgentSession, ClientSession, Sessions } from "./sessions.ts";
import type { Sql } from "./sql.ts";
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
  #state: QueueState | undefined;
  #clock = 0;
  readonly #broadcast = new Broadcast();

  constructor(parts: QueueParts) {
    this.#parts = parts;
    this.#state = this.#load();
  }

  /** Once after the process began (or a Durable Object woke): sockets that are gone are noticed, owed effects leave again. */
  start(now: number): TurnResult<void> {
    if (!this.#state) return { reply: undefined, effects: [] };
    // Sessions that survived mean that this object only slept; otherwise the process is new and nobody could renew a lease.
    const isNew = this.#parts.sessions.size === 0;
    return this.#turn(
      now,
      (turn) => {
        // Effects that were owed when the process ended leave again; the alarm of the last process went with it.
        settleEffects(turn, "all");
        if (turn.state.wakeAt !== null) turn.effect({ type: "wake", at: turn.state.wakeAt });
      },
      { isNew },
    );
  }

  submit(now: number, submission: Submission): TurnResult<SubmitOutcome> {
    return this.#turn(now, (turn) => submit(turn, submission));
  }

  cancel(now: number, job: JobId, namespace: Namespace | "*", message: string): TurnResult<CancelOutcome> {
    if (!this.#state) return { reply: { type: "unknown" }, effects: [] };
    return this.#turn(now, (turn) => cancel(turn, job, { namespace, reason: "Cancelled", message }));
  }

  /** The alarm. */
  wake(now: number): TurnResult<void> {
    if (!this.#state) return { reply: undefined, effects: [] };
    return this.#turn(now, () => {});
  }

  stored(now: number, job: JobId, kind: StoreKind, ok: boolean): TurnResult<void> {
    return this.#turn(now, (turn) => {
      if (!ok) return effectFailed(turn, job, kind);
      effectDone(turn, job, kind);
      published(turn, job, kind);
    });
  }

  clientConnected(now: number, id: string): TurnResult<void> {
    this.#parts.sessions.save({ kind: "client", id, openedAt: now, watched: [] });
    return this.#read(now, (turn) => greet(turn, id));
  }

  agentConnected(now: number, id: string, { origin, keyHash }: Pick<AgentSession, "origin" | "keyHash">): void {
    this.#parts.sessions.save({
      kind: "agent",
      id,
      openedAt: now,
      origin,
      keyHash,
      agent: null,
      boot: "",
      name: "",
      version: "",
      ready: false,
      heardAt: now,
      declinedUntil: 0,
      offer: null,
    });
  }

  closed(now: number, id: string): TurnResult<void> {
    const { sessions, settings } = this.#parts;
    const agent = sessions.agent(id)?.agent ?? null;
    sessions.remove(id);
    if (agent === null || !this.#state) return { reply: undefined, effects: [] };
    return this.#turn(now, (turn) => agentGone(turn, agent, turn.now + settings.reconnectMs));
  }

  clientFrame(now: number, id: string, text: string): TurnResult<void> {
    const session = this.#parts.sessions.client(id);
    if (text === pingText) return { reply: undefined, effects: [{ type: "send", sessions: [id], frame: pongText }] };
    const message = session && parseFrame(ClientMessage, text, clientFrameBytesMax);
    if (!message) return { reply: undefined, effects: [] };
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
        const submission = checkEnqueue(change.value.enqueued);
        // Refused before anything is written: a bad first submission makes no queue.
        if (!submission.ok) return this.#read(now, (turn) => refuse(turn, session.id, submission));
        return this.#turn(now, (turn) => takeSubmission(turn, session, submission));
      }
      case "Finished":
        if (!this.#state) return { reply: undefined, effects: [] };
        return this.#turn(now, (turn) => takeEnd(turn, change));
    }
  }

  #turn<T>(now: number, event: (turn: Turn) => T, { isNew = false } = {}): TurnResult<T> {
    const { sql } = this.#parts;
    const before = this.#state;
    try {
      return sql.transaction(() => {
        if (!schemaExists(sql)) migrate(sql);
        const state = { ...(before ?? newQueueState(this.#parts.randomEpoch())) };
        const turn = this.#newTurn(now, state);
        settleDue(turn, isNew);
        const reply = event(turn);
        if (turn.assignable) assignWaiting(turn);
        const effects = turn.finish();
        arm(turn);
        if (!before || !sameState(before, state)) {
          state.clock = turn.now;
          writeQueueState(sql, turn.queue, state);
        }
        this.#state = state;
        return { reply, effects };
      });
    } catch (error) {
      this.#state = before;
      throw error;
    }
  }

  #read<T>(now: number, look: (turn: Turn) => T): TurnResult<T> {
    const state = this.#state;
    const sql = state ? this.#parts.sql : nothing;
    const turn = this.#newTurn(now, { ...(state ?? newQueueState("")) }, sql);
    const reply = look(turn);
    return { reply, effects: turn.finish() };
  }

  #newTurn(now: number, state: QueueState, sql: Sql = this.#parts.sql): Turn {
    // Time never goes back, whatever the machine's clock does.
    this.#clock = Math.max(this.#clock, now, state.clock);
    const { queue, settings, sessions } = this.#parts;
    return new Turn({ sql, queue, now: this.#clock, settings, sessions, state, broadcast: this.#broadcast });
  }

  #load(): QueueState | undefined {
    const { sql, queue } = this.#parts;
    if (!schemaExists(sql)) return undefined;
    migrate(sql);
    return readQueueState(sql, queue);
  }
}

/** What a queue reads that has no rows yet. */
const nothing: Sql = { all: () => [], transaction: (change) => change() };

/** Arms the alarm if it must come earlier than it is armed for. One that comes early finds nothing due and arms the next. */
function arm(turn: Turn): void {
  const { state, now } = turn;
  const next = nextDeadline(turn);
  const armed = state.wakeAt !== null && state.wakeAt > now ? state.wakeAt : null;
  if (next === null) {
    state.wakeAt = armed;
  } else if (armed === null || next < armed) {
    state.wakeAt = next;
    turn.effect({ type: "wake", at: next });
  }
}

function sameState(a: QueueState, b: QueueState): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
