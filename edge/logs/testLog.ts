// A job's log in a test's queue: what agents print and seal, and what readers are shown of it.

import * as v from "valibot";
import type { Held } from "../../wire/agentMessages.ts";
import type { JobId } from "../../wire/ids.ts";
import { Sha256 } from "../../wire/ids.ts";
import { isBuild, type LogPiece } from "../../wire/logPiece.ts";
import type { ConsoleLogLine, JobResult, LogStep } from "../../wire/result.ts";
import type { LogKind, LogPlace, LogView } from "../queue/logView.ts";
import { lookups } from "../queue/lookups.ts";
import { type TestAgent, TestQueue } from "../queue/testQueue.ts";
import { archivedLog, viewOfArchived } from "./archived.ts";
import { type LogBlobs, type LogSlice, sliceOf } from "./slice.ts";

export function linesOf(...texts: readonly string[]): ConsoleLogLine[] {
  return texts.map((text) => [text, 0]);
}

export const again = "\u2014 started again on another agent \u2014";

/** A queue whose one agent runs one job. */
export function running(settings: ConstructorParameters<typeof TestQueue>[0] = {}) {
  const queue = new TestQueue(settings);
  const agent = queue.agent("a");
  const job = queue.submit("1");
  return { queue, agent, job, held: heldBy(agent), log: new TestLog(queue) };
}

/** What the agent runs. */
export function heldBy(agent: TestAgent): Held {
  agent.receive();
  const [held] = agent.held;
  if (!held) throw new Error("The agent holds nothing.");
  return held;
}

export function rowsIn(queue: TestQueue, table: "logs" | "log_pieces" | "log_heads"): number {
  return queue.sql.all(`SELECT * FROM ${table}`).length;
}

export class TestLog {
  readonly #queue: TestQueue;
  readonly #pieces = new Map<string, LogPiece>();
  /** What the shell has stored of a log, by job. */
  readonly #objects = new Map<JobId, string>();

  constructor(queue: TestQueue) {
    this.#queue = queue;
  }

  print(agent: TestAgent, held: Held, first: number, texts: readonly string[], step: LogStep = "Running"): void {
    agent.send({ type: "logs", ...held, step, first, lines: linesOf(...texts) });
  }

  /** Stores the piece and says so. */
  seal(agent: TestAgent, held: Held, first: number, piece: LogPiece): void {
    const hash = v.parse(Sha256, this.#pieces.size.toString(16).padStart(64, "0"));
    this.#pieces.set(hash, piece);
    const count = piece.reduce((sum, { lines }) => sum + lines.length, 0);
    const build = piece.reduce((sum, { step, lines }) => sum + (isBuild(step) ? lines.length : 0), 0);
    agent.send({ type: "sealed", ...held, first, count, build, hash, size: 1 });
  }

  end(
    agent: TestAgent,
    held: Held,
    logs: ConsoleLogLine[],
    more: Partial<JobResult> & { logLines?: number } = {},
  ): void {
    const { logLines, ...rest } = more;
    agent.held = agent.held.filter(({ attempt }) => attempt !== held.attempt);
    const result: JobResult = { StatusCode: 0, logs, isTimedOut: false, outputs: {}, ...rest };
    const complete = logLines === undefined ? {} : { logLines };
    agent.sync({ finished: [{ ...held, reason: "Success", statusCode: 0, result, ...complete }] });
  }

  /** Carries out what is owed to the store, as the Cloudflare shell does. */
  store(): void {
    const { queue, now, stored } = this.#queue;
    for (const { job, kind } of stored.splice(0)) {
      const log = kind === "log" ? queue.read(now, (turn) => lookups.keptLog(turn, job)) : undefined;
      if (log) this.#objects.set(job, JSON.stringify(log));
      this.#queue.do(queue.stored(now, job, kind, true));
    }
  }

  async slice(job: JobId, place: LogPlace): Promise<LogSlice & { readonly isOver: boolean }> {
    const { queue, now } = this.#queue;
    const looked = queue.read(now, (turn) => lookups.log(turn, job, place));
    const view = looked === "archived" ? this.#archived(job) : looked;
    if (!view) return { start: 0, next: 0, isEnd: true, spans: [], isOver: false };
    return { ...(await sliceOf(view, place, this.#blobs)), isOver: view.isOver };
  }

  /** All lines of a kind, read on with the cursor; a start above the cursor shows as "...". */
  async all(job: JobId, kind: LogKind = "run", since = 0): Promise<readonly string[]> {
    const texts: string[] = [];
    for (let cursor = since; ; ) {
      const { spans, start, next, isEnd } = await this.slice(job, { kind, since: cursor });
      const lines = spans.flatMap((span) => span.lines.map(([text]) => text));
      if (next - start !== lines.length) throw new Error(`${lines.length} lines from ${start} to ${next}`);
      if (start > cursor) texts.push("...");
      texts.push(...lines);
      if (isEnd) return texts;
      if (next <= cursor) throw new Error(`The cursor ${cursor} does not move`);
      cursor = next;
    }
  }

  #archived(job: JobId): LogView | undefined {
    const { queue, now } = this.#queue;
    return viewOfArchived(
      archivedLog(this.#objects.get(job)),
      queue.read(now, (turn) => lookups.finished(turn, job)),
    );
  }

  readonly #blobs: LogBlobs = {
    piece: async ({ hash }) => this.#pieces.get(hash),
    result: async () => undefined,
  };
}
