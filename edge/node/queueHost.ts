// All queues of one Node process: their turns, their sockets, their alarms, over one database.

import { randomUUID } from "node:crypto";
import type { WebSocket } from "ws";
import { type JobId, own, type QueueHash } from "../../wire/ids.ts";
import type { FrameSink, JobSource, QueueAccess, Watch } from "../deployment.ts";
import type { QueueSettings } from "../limits.ts";
import { deliver, type Post, webhookEvent } from "../outbound/deliver.ts";
import type { Call } from "../queue/callbacks.ts";
import { GroupedTurns } from "../queue/groupedTurns.ts";
import type { LogView } from "../queue/logView.ts";
import { lookups } from "../queue/lookups.ts";
import type { Queue } from "../queue/queue.ts";
import { migrate } from "../queue/schema.ts";
import type { ClientCaller } from "../queue/sessions.ts";
import { text } from "../queue/sql.ts";
import type { Effect, Turn } from "../queue/turn.ts";
import type { TurnResult } from "../queue/turns.ts";
import type { BlobStore } from "../stores/blobStore.ts";
import { Uploads } from "../stores/uploads.ts";
import { OpenQueues } from "./openQueues.ts";
import { rowArchive } from "./rowArchive.ts";
import { Sockets } from "./sockets.ts";
import type { NodeSql } from "./sqlite.ts";

export interface QueueHostParts {
  readonly sql: NodeSql;
  readonly settings: QueueSettings;
  readonly blobs: BlobStore;
  readonly now: () => number;
  readonly post: Post;
  readonly onError: (error: unknown, where: string) => void;
  readonly onEvent: (event: Readonly<Record<string, unknown>>) => void;
}

/** A socket's handshake, checked. */
export type SocketCaller =
  | { readonly role: "agent"; readonly keyHash: string | null }
  | ({ readonly role: "client" } & ClientCaller);

export class QueueHost {
  readonly #parts: QueueHostParts;
  readonly #queues: OpenQueues;
  readonly #sockets = new Sockets();
  readonly #uploads: Uploads;
  readonly #turns: GroupedTurns;
  readonly #stopping = new AbortController();
  readonly archive: JobSource;

  constructor(parts: QueueHostParts) {
    this.#parts = parts;
    this.#uploads = new Uploads({
      store: parts.blobs,
      now: parts.now,
      onError: (error) => parts.onError(error, "upload in parts"),
    });
    const { sql, settings, now, onError } = parts;
    this.#queues = new OpenQueues({
      sql,
      settings,
      now,
      onOpen: (hash) => void this.#run(hash, "start", (queue, at) => queue.start(at)).catch(() => {}),
      onAlarm: (hash) => void this.#run(hash, "wake", (queue, at) => queue.wake(at)).catch(() => {}),
    });
    this.#turns = new GroupedTurns({
      sql,
      now,
      onError,
      soon: setImmediate,
      queue: (hash) => this.#queues.get(hash),
      carryOut: (hash, effect) => this.#carryOut(hash, effect),
      onDone: (hash) => this.#queues.dismiss(hash),
      onUndone: (hash) => this.#forget(hash),
    });
    this.archive = rowArchive(sql, (hash, what) => this.#queues.look(hash, what));
    migrate(sql);
    for (const row of sql.all("SELECT queue FROM queues")) this.#queues.get(own.queueHash(text(row, "queue")));
  }

  access(hash: QueueHash): QueueAccess {
    const look = async <T>(what: (turn: Turn) => T): Promise<T> => this.#queues.look(hash, what);
    return {
      submit: (submission) => this.#run(hash, "submit", (queue, now) => queue.submit(now, submission)),
      cancel: (id, namespace, message) =>
        this.#run(hash, "cancel", (queue, now) => queue.cancel(now, id, namespace, message)),
      list: () => look(lookups.list),
      job: (id) => look((turn) => lookups.job(turn, id)),
      definition: (id) => look((turn) => lookups.definition(turn, id)),
      finished: (id) => look((turn) => lookups.finished(turn, id)),
      log: (id, place) => look((turn) => kept(lookups.log(turn, id, place))),
      watch: (id, sink) => this.#watch(hash, id, sink),
      namespaces: (id) => look((turn) => lookups.namespaces(turn, id)),
      history: (id) => look((turn) => lookups.history(turn, id)),
      metrics: () => look(lookups.metrics),
      status: () => look(lookups.status),
    };
  }

  /** A session without a socket: an event stream. */
  async #watch(hash: QueueHash, job: JobId, sink: FrameSink): Promise<Watch> {
    const id = randomUUID();
    this.#sockets.addSink(id, sink);
    this.#queues.get(hash).watcherConnected(this.#parts.now(), id, job);
    return {
      close: () => {
        if (!this.#sockets.removeSink(id)) return;
        this.#run(hash, "closed", (queue, now) => queue.closed(now, id)).catch(() => {});
      },
    };
  }

  connect(hash: QueueHash, caller: SocketCaller, socket: WebSocket): void {
    const id = randomUUID();
    this.#sockets.add(id, socket);
    const run = (what: string, event: (queue: Queue, now: number) => TurnResult<void>) => {
      this.#run(hash, what, event).catch(() => socket.close(1011, "The server failed at this frame."));
    };
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      this.#uploads.closed(id);
      run("closed", (queue, now) => queue.closed(now, id));
    });
    socket.on("message", (data, isBinary) => {
      if (isBinary) return;
      const frame = data.toString();
      if (caller.role === "agent") run("agentFrame", (queue, now) => queue.agentFrame(now, id, frame));
      else run("clientFrame", (queue, now) => queue.clientFrame(now, id, frame));
    });
    if (caller.role === "client") run("clientConnected", (queue, now) => queue.clientConnected(now, id, caller));
    else this.#queues.get(hash).agentConnected(this.#parts.now(), id, { origin: "", keyHash: caller.keyHash });
  }

  /** Lets what is decided reach the disk and the sockets, then ends. */
  stop(): void {
    // Webhooks under way leave again after the next start.
    this.#stopping.abort();
    this.#turns.flush();
    this.#sockets.closeAll(1001, "The server stops.");
  }

  /** Nothing more comes: what was under way when it stopped has been answered. */
  end(): void {
    this.#turns.end();
    this.#queues.disarm();
  }

  terminateSockets(): void {
    this.#sockets.terminateAll();
  }

  #run<T>(hash: QueueHash, what: string, event: (queue: Queue, now: number) => TurnResult<T>): Promise<T> {
    // A queue that is opened starts first.
    this.#queues.get(hash);
    return this.#turns.run(hash, what, event);
  }

  /** The disk is behind what memory knows: everyone connects anew. */
  #forget(hash: QueueHash): void {
    for (const id of this.#queues.forget(hash)) this.#sockets.close(id, 1011, "The server could not go on.");
  }

  #carryOut(hash: QueueHash, effect: Effect): void {
    switch (effect.type) {
      case "send":
        for (const session of effect.sessions) this.#sockets.send(session, effect.frame);
        return;
      case "close":
        this.#sockets.close(effect.session, effect.code, effect.reason);
        return;
      case "wake":
        this.#queues.arm(hash, effect.at);
        return;
      case "call":
        this.#call(hash, effect.call).catch(() => {});
        return;
      case "upload":
        void this.#upload(effect);
        return;
      case "store":
        // Results are rows here (`publish: "rows"`): nothing is owed to a store.
        return;
    }
  }

  async #upload({ session, request }: Extract<Effect, { type: "upload" }>): Promise<void> {
    this.#sockets.send(session, JSON.stringify(await this.#uploads.answer(session, request)));
  }

  /** Sends a webhook, tells the queue how that went, and logs it. A failure of the queue itself is logged where it runs. */
  async #call(hash: QueueHash, call: Call): Promise<void> {
    const { post, now, settings, onEvent } = this.#parts;
    const { signal } = this.#stopping;
    const delivery = await deliver(call, { post, now, rules: settings.callbackRules, signal });
    if (signal.aborted) return;
    const { outcome } = delivery;
    const fate = await this.#run(hash, "called", (queue, at) => queue.called(at, call.id, outcome, Math.random()));
    onEvent(webhookEvent(hash, call, delivery, fate));
  }
}

/** Nothing is archived where results are rows. */
function kept(view: LogView | "archived" | undefined): LogView | undefined {
  return view === "archived" ? undefined : view;
}
