// The open sockets of one queue, as the queue knows them. What is here lives as long as its socket: in a Durable Object it
// is the socket's attachment and survives hibernation, in Node it is memory.

import * as v from "valibot";
import { Offer } from "../../wire/agentMessages.ts";
import { AgentId, JobId } from "../../wire/ids.ts";

/** A socket at /q/:queue/agent. `agent` is null until its hello; `ready` from its first sync on. */
export const AgentSession = v.object({
  kind: v.literal("agent"),
  id: v.string(),
  openedAt: v.number(),
  /** The address that it reached this deployment by; empty where the settings name one. */
  origin: v.string(),
  /** The hash that the agent's key must have, if the queue's name demands one. */
  keyHash: v.nullable(v.string()),
  agent: v.nullable(AgentId),
  boot: v.string(),
  name: v.string(),
  version: v.string(),
  ready: v.boolean(),
  heardAt: v.number(),
  declinedUntil: v.number(),
  offer: v.nullable(Offer),
});
export type AgentSession = Readonly<v.InferOutput<typeof AgentSession>>;

/** A socket at /q/:queue/client. `watched` jobs are those it submitted or queried: their live logs go there. */
export const ClientSession = v.object({
  kind: v.literal("client"),
  id: v.string(),
  openedAt: v.number(),
  watched: v.array(JobId),
  /** Every job of the queue, or only those that it watches (an event stream). */
  sees: v.picklist(["queue", "watched"]),
  /** A keyed hash of its address; null where nothing is limited by address. */
  client: v.nullable(v.string()),
  /** The name by which it reached this queue, and the origin: for the webhooks that it asks for. */
  queueName: v.string(),
  origin: v.string(),
});
export type ClientSession = Readonly<v.InferOutput<typeof ClientSession>>;
/** What the handshake says of a client. */
export type ClientCaller = Pick<ClientSession, "client" | "queueName" | "origin">;

export const Session = v.variant("kind", [AgentSession, ClientSession]);
export type Session = AgentSession | ClientSession;

/** An agent that has said hello. */
export type KnownAgent = AgentSession & { readonly agent: AgentId; readonly offer: Offer };

/** An agent's socket before its hello. */
export function newAgentSession(socket: Pick<AgentSession, "id" | "openedAt" | "origin" | "keyHash">): AgentSession {
  const unknown = { agent: null, boot: "", name: "", version: "", offer: null };
  return { kind: "agent", ...socket, ...unknown, ready: false, heardAt: socket.openedAt, declinedUntil: 0 };
}

export class Sessions {
  readonly #agents = new Map<string, AgentSession>();
  readonly #clients = new Map<string, ClientSession>();
  readonly #onSave: (session: Session) => void;
  /** While a turn runs: each session that it changed, as it was before. */
  #before: Map<string, Session | undefined> | undefined;

  /** `onSave` keeps a session with its socket where memory may go away. */
  constructor(onSave: (session: Session) => void = () => {}) {
    this.#onSave = onSave;
  }

  /** Takes a session up again that was kept with its socket. */
  restore(session: Session): void {
    if (session.kind === "agent") this.#agents.set(session.id, session);
    else this.#clients.set(session.id, session);
  }

  save(session: Session): void {
    this.#note(session.id);
    this.restore(session);
    this.#onSave(session);
  }

  remove(id: string): void {
    this.#note(id);
    this.#agents.delete(id);
    this.#clients.delete(id);
  }

  /** A turn begins: what it changes here is taken back with its rows if it fails. */
  begin(): void {
    this.#before = new Map();
  }

  commit(): void {
    this.#before = undefined;
  }

  rollback(): void {
    const changed = this.#before ?? [];
    this.#before = undefined;
    for (const [id, before] of changed) {
      if (before) this.save(before);
      else this.remove(id);
    }
  }

  #note(id: string): void {
    if (this.#before && !this.#before.has(id)) this.#before.set(id, this.#agents.get(id) ?? this.#clients.get(id));
  }

  agent(id: string): AgentSession | undefined {
    return this.#agents.get(id);
  }

  client(id: string): ClientSession | undefined {
    return this.#clients.get(id);
  }

  clients(): readonly ClientSession[] {
    return [...this.#clients.values()];
  }

  /** The clients that see every job of the queue. */
  audience(): readonly string[] {
    return this.clients().flatMap(({ id, sees }) => (sees === "queue" ? [id] : []));
  }

  watchersOf(job: JobId): readonly ClientSession[] {
    return this.clients().filter(({ watched }) => watched.includes(job));
  }

  /** The sessions of agents that said hello: one for each agent, the newest. */
  agents(): readonly KnownAgent[] {
    return [...this.#agents.values()].filter(isKnown);
  }

  ofAgent(agent: AgentId): KnownAgent | undefined {
    for (const session of this.#agents.values()) if (session.agent === agent && isKnown(session)) return session;
    return undefined;
  }

  ids(): readonly string[] {
    return [...this.#agents.keys(), ...this.#clients.keys()];
  }

  get size(): number {
    return this.#agents.size + this.#clients.size;
  }
}

function isKnown(session: AgentSession): session is KnownAgent {
  return session.agent !== null && session.offer !== null;
}
