// What a queue owes its bucket, written from its rows: a few objects at a time, those of one job one after another, and first
// whatever an answer waits for. Nothing is lost with it: what it has not reported is owed in the rows.

import type { JobId, QueueHash } from "../../wire/ids.ts";
import { publishAtOnce } from "../limits.ts";
import { lookups } from "../queue/lookups.ts";
import type { StoreKind, Turn } from "../queue/turn.ts";
import { type Archive, finishedJson } from "./archive.ts";

export interface PublisherParts {
  readonly archive: Pick<Archive, "write" | "remove">;
  readonly queue: QueueHash;
  /** What the rows say now. */
  readonly look: <T>(what: (turn: Turn) => T) => T;
  /** Tells the queue how it went. */
  readonly report: (job: JobId, kind: StoreKind, ok: boolean) => void;
}

interface Task {
  readonly job: JobId;
  readonly kind: StoreKind;
  readonly resolve: () => void;
}

export class Publisher {
  readonly #parts: PublisherParts;
  /** What an answer waits for, then results: people wait for those. */
  #urgent: Task[] = [];
  readonly #others: Task[] = [];
  /** Jobs of which something is being written. */
  readonly #writing = new Set<JobId>();

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** Resolves when it was stored or has failed. `isAwaited`: an answer waits for that. */
  store(job: JobId, kind: StoreKind, isAwaited: boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const task = { job, kind, resolve };
    this.#others.push(task);
    // All that waits of the job comes along, in its order: a definition must not be overtaken by the deletion before it.
    if (isAwaited) this.#urgent = [...takeOf(job, this.#urgent), ...takeOf(job, this.#others), ...this.#urgent];
    else if (kind === "result" || kind === "run") this.#urgent.push(...takeOf(job, this.#others));
    this.#writeNext();
    return promise;
  }

  /** The first of a job of which nothing is being written. */
  #take(line: Task[]): Task | undefined {
    const next = line.findIndex(({ job }) => !this.#writing.has(job));
    return next < 0 ? undefined : line.splice(next, 1)[0];
  }

  #writeNext(): void {
    while (this.#writing.size < publishAtOnce) {
      const task = this.#take(this.#urgent) ?? this.#take(this.#others);
      if (!task) return;
      this.#writing.add(task.job);
      void this.#carryOut(task);
    }
  }

  async #carryOut({ job, kind, resolve }: Task): Promise<void> {
    const { queue, report } = this.#parts;
    let ok = true;
    try {
      await this.#write(job, kind);
    } catch (error) {
      ok = false;
      console.error(
        JSON.stringify({ event: "store-failed", queue: queue.slice(0, 8), job, kind, error: String(error) }),
      );
    }
    this.#writing.delete(job);
    // One that was asked for since is still owed: its own end is what the queue is told.
    const waiting = [...this.#urgent, ...this.#others];
    if (!waiting.some((task) => task.job === job && task.kind === kind)) report(job, kind, ok);
    resolve();
    this.#writeNext();
  }

  async #write(job: JobId, kind: StoreKind): Promise<void> {
    const { archive, queue, look } = this.#parts;
    switch (kind) {
      case "delete":
        return archive.remove(job, queue);
      case "definition": {
        const canonical = look((turn) => lookups.definition(turn, job));
        return canonical === undefined ? undefined : archive.write(job, queue, kind, canonical);
      }
      case "result":
      case "run": {
        const finished = look((turn) => lookups.decided(turn, job));
        const definition = kind === "run" ? look((turn) => lookups.definition(turn, job)) : undefined;
        return finished && archive.write(job, queue, "result", finishedJson(finished, definition));
      }
      case "log": {
        const log = look((turn) => lookups.keptLog(turn, job));
        return log && archive.write(job, queue, kind, JSON.stringify(log));
      }
    }
  }
}

/** Takes a job's tasks out of a line. */
function takeOf(job: JobId, line: Task[]): readonly Task[] {
  const own = line.filter((task) => task.job === job);
  if (own.length > 0) line.splice(0, Infinity, ...line.filter((task) => task.job !== job));
  return own;
}
