// One attempt's log: what the container prints and what the agent says about it, as numbered lines. Lines go to the queue in
// batches and, shortened, into the result. Nothing here ever makes the container wait for the network.

import type { LogStep } from "../../wire/job.ts";
import { logFrameBytesMax } from "../../wire/limits.ts";
import type { ConsoleLogLine } from "../../wire/result.ts";
import type { LogStream } from "../docker/demux.ts";
import { logBatchLinesMax, logBatchMs, logBytesMax, redrawMs } from "../limits.ts";
import { settledWithin } from "../retry.ts";
import { Excerpt } from "./excerpt.ts";
import { LineSplitter } from "./lines.ts";
import { LogBacklog, type LogBatch } from "./logBacklog.ts";

export interface JobLogOptions {
  readonly now: () => number;
  /** Resolves when the batch has left, which may take as long as the queue is away. */
  readonly send: (batch: LogBatch) => Promise<void>;
  readonly backlogPath: string;
  /** The number of its first line. */
  readonly first: number;
}

export class JobLog {
  readonly #now: () => number;
  readonly #send: (batch: LogBatch) => Promise<void>;
  readonly #backlog: LogBacklog;
  readonly #excerpt = new Excerpt();
  readonly #splitters = { stdout: new LineSplitter(), stderr: new LineSplitter() } as const;
  #batch: ConsoleLogLine[] = [];
  #batchStep: LogStep = "Running";
  #batchBytes = 0;
  #next = 0;
  #printedBytes = 0;
  #flushTimer: NodeJS.Timeout | undefined;
  #redrawTimer: NodeJS.Timeout | undefined;
  #pumping: Promise<void> | undefined;
  #closed = false;

  constructor({ now, send, backlogPath, first }: JobLogOptions) {
    this.#next = first;
    this.#now = now;
    this.#send = send;
    this.#backlog = new LogBacklog(backlogPath);
  }

  /** Bytes that the container printed. */
  printed(stream: LogStream, chunk: Buffer): void {
    const left = logBytesMax - this.#printedBytes;
    if (left <= 0) return;
    this.#printedBytes += chunk.length;
    for (const line of this.#splitters[stream].write(chunk.subarray(0, left)))
      this.#add("Running", line, stream === "stderr");
    if (this.#printedBytes >= logBytesMax) {
      this.note(`\u2014 the log has reached ${logBytesMax / 1024 ** 2} MiB: what follows is not kept \u2014`);
    } else {
      this.#redrawTimer ??= setTimeout(() => this.#showRedrawn(), redrawMs);
    }
  }

  /** A line of the agent's own. */
  note(text: string, step: LogStep = "Running"): void {
    this.#add(step, text, true);
  }

  /** How many lines there are so far. */
  get count(): number {
    return this.#next + this.#batch.length;
  }

  /** The container prints no more: a last line without an end is a line too. */
  endOutput(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      for (const line of this.#splitters[stream].end()) this.#add("Running", line, stream === "stderr");
    }
  }

  /** Waits that long at most until everything has left, then ends. */
  async finish(drainMs: number): Promise<void> {
    this.#flush();
    const pumping = this.#pumping ?? Promise.resolve();
    await settledWithin(pumping, drainMs);
    this.close();
  }

  /** What the result keeps. */
  lines(): ConsoleLogLine[] {
    return this.#excerpt.lines();
  }

  /** Ends everything at once; unsent lines are dropped. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#flushTimer);
    clearTimeout(this.#redrawTimer);
    this.#backlog.close();
  }

  #add(step: LogStep, text: string, isStdErr: boolean): void {
    if (this.#closed) return;
    const line: ConsoleLogLine = isStdErr ? [text, this.#now(), true] : [text, this.#now()];
    this.#excerpt.add(line);
    const bytes = Buffer.byteLength(text);
    const full = this.#batchBytes + bytes > logFrameBytesMax || this.#batch.length >= logBatchLinesMax;
    if (full || step !== this.#batchStep) this.#flush();
    this.#batchStep = step;
    this.#batch.push(line);
    this.#batchBytes += bytes;
    this.#flushTimer ??= setTimeout(() => this.#flush(), logBatchMs);
  }

  #flush(): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    if (this.#batch.length === 0 || this.#closed) return;
    this.#backlog.push({ step: this.#batchStep, first: this.#next, lines: this.#batch }, this.#batchBytes);
    this.#next += this.#batch.length;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = undefined;
    });
  }

  async #pump(): Promise<void> {
    while (!this.#closed) {
      const batch = this.#backlog.shift();
      if (!batch) return;
      await this.#send(batch);
    }
  }

  #showRedrawn(): void {
    this.#redrawTimer = undefined;
    for (const stream of ["stdout", "stderr"] as const) {
      const look = this.#splitters[stream].redrawn();
      if (look !== undefined) this.#add("Running", look, stream === "stderr");
    }
  }
}
