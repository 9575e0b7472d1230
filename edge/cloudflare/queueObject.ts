// One queue as a Durable Object: its turns are synchronous, so the platform's output gate holds every frame and answer until
// the rows are durable. Frames that arrive together share a turn. Sockets hibernate; what the queue knows of them is their
// attachment.

import { DurableObject } from "cloudflare:workers";
import * as v from "valibot";
import { pingText, pongText } from "../../wire/clientMessages.ts";
import { type JobId, type Namespace, own, type QueueHash } from "../../wire/ids.ts";
import { deliver, webhookEvent } from "../outbound/deliver.ts";
import type { Call } from "../queue/callbacks.ts";
import { GroupedTurns } from "../queue/groupedTurns.ts";
import type { LogPlace } from "../queue/logView.ts";
import { lookups } from "../queue/lookups.ts";
import { Queue } from "../queue/queue.ts";
import { Session, Sessions } from "../queue/sessions.ts";
import type { Submission } from "../queue/submit.ts";
import type { Effect, Turn } from "../queue/turn.ts";
import type { TurnResult } from "../queue/turns.ts";
import { Archive } from "../stores/archive.ts";
import { Publisher } from "../stores/publisher.ts";
import { Uploads } from "../stores/uploads.ts";
import type { Environment } from "./environment.ts";
import { workerPost, workerRules } from "./post.ts";
import { settingsOf } from "./settings.ts";
import { objectSql, storeOf } from "./storage.ts";

export class QueueObject extends DurableObject<Environment> {
  readonly #queue: Queue;
  readonly #hash: QueueHash;
  readonly #turns: GroupedTurns;
  readonly #publisher: Publisher;
  readonly #uploads: Uploads;
  readonly #sockets = new Map<string, WebSocket>();

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    this.#hash = own.queueHash(ctx.id.toString());
    const store = storeOf(env);
    this.#publisher = new Publisher({
      archive: new Archive(store),
      queue: this.#hash,
      look: (what) => this.#queue.read(Date.now(), what),
      report: (job, kind, ok) => {
        // The row stays owed, and is reported on again.
        this.#run("stored", (queue, now) => queue.stored(now, job, kind, ok)).catch(() => {});
      },
    });
    this.#uploads = new Uploads({
      store,
      now: Date.now,
      onError: (error) =>
        console.error(JSON.stringify({ event: "upload-failed", queue: this.#hash.slice(0, 8), error: String(error) })),
    });
    const sessions = new Sessions((session) => this.#sockets.get(session.id)?.serializeAttachment(session));
    for (const socket of ctx.getWebSockets()) {
      const session = v.safeParse(Session, socket.deserializeAttachment());
      if (!session.success) continue;
      this.#sockets.set(session.output.id, socket);
      sessions.restore(session.output);
    }
    this.#queue = new Queue({
      sql: objectSql(ctx.storage),
      queue: this.#hash,
      settings: settingsOf(env),
      sessions,
      randomEpoch: () => crypto.randomUUID().replaceAll("-", "").slice(0, 10),
    });
    this.#turns = new GroupedTurns({
      sql: { transaction: (work) => ctx.storage.transactionSync(work), isInTransaction: true },
      now: Date.now,
      soon: (work) => void setTimeout(work),
      queue: () => this.#queue,
      carryOut: (_hash, effect) => void this.#carryOutOne(effect, false),
      onError: (error, where) => console.error(JSON.stringify({ event: "turn-failed", where, error: String(error) })),
      // The next event makes this object anew, of what is in its rows.
      onUndone: () => ctx.abort("The storage took nothing of a turn."),
    });
    // The platform answers pings without waking the object.
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(pingText, pongText));
    this.#carryOut(this.#queue.start(Date.now()));
  }

  /** Resolves when the job is accepted and its definition's object, which `/j/:id` reads, is stored. */
  async submit(submission: Submission) {
    const result = this.#upToDate.submit(Date.now(), submission);
    await Promise.all(this.#carryOut(result, { isAwaited: true }));
    return result.reply;
  }

  cancel(id: JobId, namespace: Namespace | "*", message: string) {
    const result = this.#upToDate.cancel(Date.now(), id, namespace, message);
    this.#carryOut(result);
    return result.reply;
  }

  // Remote calls reach methods of the prototype only.
  list() {
    return this.#look(lookups.list);
  }

  job(id: JobId) {
    return this.#look((turn) => lookups.job(turn, id));
  }

  definition(id: JobId) {
    return this.#look((turn) => lookups.definition(turn, id));
  }

  finished(id: JobId) {
    return this.#look((turn) => lookups.finished(turn, id));
  }

  log(id: JobId, place: LogPlace) {
    return this.#look((turn) => lookups.log(turn, id, place));
  }

  namespaces(id: JobId) {
    return this.#look((turn) => lookups.namespaces(turn, id));
  }

  history(id: JobId) {
    return this.#look((turn) => lookups.history(turn, id));
  }

  metrics() {
    return this.#look(lookups.metrics);
  }

  status() {
    return this.#look(lookups.status);
  }

  /** A socket's handshake, checked by the Worker: `?role=agent|client&origin=...&name=...&key=<hash>&client=<hash>`, or our own `?role=watcher&job=<id>`. */
  override async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const { 0: client, 1: server } = new WebSocketPair();
    const id = crypto.randomUUID();
    const role = searchParams.get("role");
    // The tags tell who sends a frame; what else is known of a session is too much to be read for each.
    this.ctx.acceptWebSocket(server, [role === "agent" ? "agent" : "client", id]);
    this.#sockets.set(id, server);
    const origin = searchParams.get("origin") ?? "";
    if (role === "watcher") this.#upToDate.watcherConnected(Date.now(), id, own.jobId(searchParams.get("job") ?? ""));
    else if (role === "agent") {
      this.#upToDate.agentConnected(Date.now(), id, { origin, keyHash: searchParams.get("key") });
    } else {
      const caller = { client: searchParams.get("client"), queueName: searchParams.get("name") ?? "", origin };
      this.#carryOut(this.#upToDate.clientConnected(Date.now(), id, caller));
    }
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    const [kind, id] = this.ctx.getTags(socket);
    if (typeof data !== "string" || id === undefined) return;
    this.#run("frame", (queue, now) =>
      kind === "agent" ? queue.agentFrame(now, id, data) : queue.clientFrame(now, id, data),
    ).catch(() => socket.close(1011, "The server failed at this frame."));
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    // Codes that only a peer's silence makes may not be sent back.
    socket.close(code === 1005 || code === 1006 || code === 1015 ? 1000 : code);
    this.#gone(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#gone(socket);
  }

  override alarm(): void {
    this.#carryOut(this.#upToDate.wake(Date.now()));
  }

  #gone(socket: WebSocket): void {
    const [, id] = this.ctx.getTags(socket);
    if (id === undefined) return;
    this.#sockets.delete(id);
    this.#uploads.closed(id);
    this.#run("closed", (queue, now) => queue.closed(now, id)).catch(() => {});
  }

  /** With all that arrives at the same time, as one turn. What fails is logged and changes nothing. */
  #run(what: string, event: (queue: Queue, now: number) => TurnResult<void>): Promise<void> {
    return this.#turns.run(this.#hash, what, event);
  }

  #look<T>(what: (turn: Turn) => T): T {
    return this.#upToDate.read(Date.now(), what);
  }

  /** The queue with all that has arrived: nothing that comes later overtakes it. */
  get #upToDate(): Queue {
    this.#turns.flush();
    return this.#queue;
  }

  /** The writes to the store that were begun; everything else is done when this returns. */
  #carryOut({ effects }: TurnResult<unknown>, { isAwaited = false } = {}): readonly Promise<void>[] {
    return effects.map((effect) => this.#carryOutOne(effect, isAwaited)).filter((promise) => promise !== undefined);
  }

  #carryOutOne(effect: Effect, isAwaited: boolean): Promise<void> | undefined {
    switch (effect.type) {
      case "send":
        for (const session of effect.sessions) this.#send(session, effect.frame);
        return;
      case "close":
        this.#sockets.get(effect.session)?.close(effect.code, effect.reason);
        this.#sockets.delete(effect.session);
        return;
      case "wake":
        this.ctx.waitUntil(this.ctx.storage.setAlarm(effect.at));
        return;
      case "call":
        this.ctx.waitUntil(this.#call(effect.call));
        return;
      case "upload":
        this.ctx.waitUntil(this.#upload(effect));
        return;
      case "store":
        return this.#publisher.store(effect.job, effect.kind, isAwaited);
    }
  }

  /** Sends a webhook, tells the queue how that went, and logs it. No answer waits for it. */
  async #call(call: Call): Promise<void> {
    const delivery = await deliver(call, { post: workerPost, rules: workerRules([]), now: Date.now });
    const result = this.#upToDate.called(Date.now(), call.id, delivery.outcome, Math.random());
    this.#carryOut(result);
    console.log(JSON.stringify(webhookEvent(this.#hash, call, delivery, result.reply)));
  }

  async #upload({ session, request }: Extract<Effect, { type: "upload" }>): Promise<void> {
    this.#send(session, JSON.stringify(await this.#uploads.answer(session, request)));
  }

  #send(session: string, frame: string): void {
    try {
      this.#sockets.get(session)?.send(frame);
    } catch {
      // A socket that is closing: its close event follows and tells the queue.
    }
  }
}
