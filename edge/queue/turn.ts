// One turn of the queue: what an event may read and change, and what leaves when it is over. Frames for one agent are
// gathered into one; a job's states are announced in the order in which they came about.

import type { AgentOrders, FinishAnswer, StopReason, UploadRequest } from "../../wire/agentMessages.ts";
import type { ServerMessage } from "../../wire/clientMessages.ts";
import type { AgentId, Attempt, JobId, QueueHash } from "../../wire/ids.ts";
import type { Job } from "../../wire/job.ts";
import type { QueueSettings } from "../limits.ts";
import type { Broadcast } from "./broadcast.ts";
import type { Call } from "./callbacks.ts";
import type { Counters } from "./counters.ts";
import type { Load } from "./load.ts";
import type { QueueState } from "./queueState.ts";
import type { KnownAgent, Sessions } from "./sessions.ts";
import type { Sql } from "./sql.ts";

/** `run` is a result together with a definition that was not stored before. */
export type StoreKind = "definition" | "result" | "run" | "log" | "delete";

/** What a shell does after the turn's commit is on disk. `store` and `call` are rows until the shell reports on them. */
export type Effect =
  | { readonly type: "send"; readonly sessions: readonly string[]; readonly frame: string }
  | { readonly type: "close"; readonly session: string; readonly code: number; readonly reason: string }
  | { readonly type: "store"; readonly job: JobId; readonly kind: StoreKind }
  | { readonly type: "call"; readonly call: Call }
  | { readonly type: "upload"; readonly session: string; readonly request: UploadRequest }
  | { readonly type: "wake"; readonly at: number };

export interface StartOrder {
  readonly job: JobId;
  readonly attempt: Attempt;
  /** The definition's canonical JSON. */
  readonly canonical: string;
}

interface AgentOutbox {
  /** By attempt: what is asked for twice in a turn starts once. */
  readonly start: Map<Attempt, StartOrder>;
  readonly stop: { readonly job: JobId; readonly attempt: Attempt; readonly reason: StopReason }[];
  readonly answered: FinishAnswer[];
}

export class Turn {
  readonly sql: Sql;
  readonly queue: QueueHash;
  readonly now: number;
  readonly settings: QueueSettings;
  readonly sessions: Sessions;
  readonly state: QueueState;
  readonly broadcast: Broadcast;
  readonly counters: Counters;
  readonly load: Load;
  /** Set by whatever made a job assignable or freed an agent: the turn ends with an assignment round. */
  assignable = false;

  readonly #agents = new Map<string, AgentOutbox>();
  readonly #announced: Map<JobId, Job>[] = [];
  readonly #effects: Effect[] = [];
  #wakeBy = Infinity;

  constructor(
    parts: Pick<Turn, "sql" | "queue" | "now" | "settings" | "sessions" | "state" | "broadcast" | "counters" | "load">,
  ) {
    this.sql = parts.sql;
    this.queue = parts.queue;
    this.now = parts.now;
    this.settings = parts.settings;
    this.sessions = parts.sessions;
    this.state = parts.state;
    this.broadcast = parts.broadcast;
    this.counters = parts.counters;
    this.load = parts.load;
  }

  /** A frame to one client or agent, before whatever the turn gathers. */
  send(session: string, message: ServerMessage | AgentOrders): void {
    this.effect({ type: "send", sessions: [session], frame: JSON.stringify(message) });
  }

  sendText(sessions: readonly string[], frame: string): void {
    if (sessions.length > 0) this.effect({ type: "send", sessions, frame });
  }

  effect(effect: Effect): void {
    this.#effects.push(effect);
  }

  /** The alarm must come by then: whoever writes a deadline into a row says so. */
  wakeBy(at: number): void {
    this.#wakeBy = Math.min(this.#wakeBy, at);
  }

  /** The earliest deadline of this turn; Infinity if it made none. */
  get soonest(): number {
    return this.#wakeBy;
  }

  /** A job's new state, for every client of the queue. */
  announce(id: JobId, job: Job): void {
    const last = this.#announced.at(-1);
    if (last && !last.has(id)) last.set(id, job);
    else this.#announced.push(new Map([[id, job]]));
  }

  /** The frame that this session gets when the turn ends; made by asking for it, even if nothing is added. */
  orders(session: KnownAgent): AgentOutbox {
    const existing = this.#agents.get(session.id);
    if (existing) return existing;
    const outbox: AgentOutbox = { start: new Map(), stop: [], answered: [] };
    this.#agents.set(session.id, outbox);
    return outbox;
  }

  /** Tells the agent that holds an attempt to stop it, if it is connected; otherwise its next sync will. */
  stop(agent: AgentId, job: JobId, attempt: Attempt, reason: StopReason): void {
    const session = this.sessions.ofAgent(agent);
    if (session) this.orders(session).stop.push({ job, attempt, reason });
  }

  /** What a look has to say to who asked. States that are held back for all stay so: they leave with the next turn. */
  get answers(): readonly Effect[] {
    return this.#effects;
  }

  /** Everything that leaves, in order. */
  finish(): readonly Effect[] {
    for (const [session, { start, ...outbox }] of this.#agents) {
      // What was to be started may have ended within the same turn.
      const held = [...start.values()].filter((order) => this.#isHeld(order));
      this.sendText([session], ordersFrame(this.state.attempt, held, outbox));
    }
    for (const jobs of this.broadcast.take(this.now, this.#announced)) {
      this.sendText(this.sessions.audience(), updateFrame([...jobs]));
    }
    this.#tellWatchers();
    return this.#effects;
  }

  #isHeld({ job, attempt }: StartOrder): boolean {
    const row = this.load.row(job);
    return row !== undefined && `${this.state.epoch}.${row.attempt}` === attempt;
  }

  /** Sessions that see only what they watch hear of it at once. */
  #tellWatchers(): void {
    const watchers = this.sessions.clients().filter(({ sees }) => sees === "watched");
    if (watchers.length === 0) return;
    for (const [id, job] of this.#announced.flatMap((jobs) => [...jobs])) {
      const told = watchers.filter(({ watched }) => watched.includes(id)).map((session) => session.id);
      if (told.length > 0) this.sendText(told, updateFrame([[id, job]]));
    }
  }
}

function updateFrame(jobs: readonly (readonly [JobId, Job])[]): string {
  const payload = { state: { jobs: Object.fromEntries(jobs) }, isSubset: true };
  return JSON.stringify({ type: "JobStateUpdates", payload } satisfies ServerMessage);
}

/** An `orders` frame (wire/agentMessages.ts). Definitions are canonical JSON already and are put in as they are. */
function ordersFrame(
  revision: number,
  start: readonly StartOrder[],
  { stop, answered }: Pick<AgentOutbox, "stop" | "answered">,
): string {
  const starts = start.map(
    ({ job, attempt, canonical }) => `{"job":"${job}","attempt":"${attempt}","definition":${canonical}}`,
  );
  const rest = JSON.stringify({ stop, answered }).slice(1);
  return `{"type":"orders","revision":${revision},"start":[${starts.join(",")}],${rest}`;
}
