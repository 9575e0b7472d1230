// One attempt's log: what the container prints and what the agent says about it, as numbered lines. They go to the queue in
// batches and into the store in pieces, and, shortened, into the result. Nothing here ever makes the container wait.

import type { SealedPiece } from "../../wire/agentMessages.ts";
import type { LogStep } from "../../wire/job.ts";
import type { ConsoleLogLine } from "../../wire/result.ts";
import type { LogStream } from "../docker/demux.ts";
import type { Seen } from "../docker/keptLog.ts";
import { logBatchBytesMax, logBatchLinesMax, logBatchMs, logBytesMax, redrawMs } from "../limits.ts";
import { Excerpt, type LogExcerpt } from "./excerpt.ts";
import { LineSplitter } from "./lines.ts";
import { batchOf } from "./logBatch.ts";
import { LogFeed, type LogUplink } from "./logFeed.ts";
import { LogPieces, type Piece, type Printed, type StoredPiece, type StorePiece } from "./logPieces.ts";

export interface JobLogOptions {
  readonly now: () => number;
  readonly uplink: LogUplink;
  /** Puts a piece into the deployment's store; it may take as long as that is away. */
  readonly store: StorePiece;
  /** For what memory should not hold. */
  readonly folder: string;
  /** Lines that an earlier process had before the container printed any. */
  readonly linesBefore: number;
  /** What that process has stored: the container's output comes again from its beginning. */
  readonly earlier: readonly StoredPiece[];
  /** What the container may print. */
  readonly bytesMax?: number;
}

/** A log that is over, as the attempt's finish has it. */
export interface LogEnd extends Omit<LogExcerpt, "isComplete"> {
  /** The number of lines, if `logs` has every one of them. */
  readonly logLines?: number;
  /** Else the whole log, as pieces. */
  readonly pieces: readonly SealedPiece[];
}

export class JobLog {
  readonly #now: () => number;
  readonly #pieces: LogPieces;
  readonly #feed: LogFeed;
  readonly #excerpt = new Excerpt();
  readonly #splitters = { stdout: new LineSplitter(), stderr: new LineSplitter() } as const;
  /** Lines of the container so far, and how many of them are in a piece of an earlier process. */
  readonly #printed: Printed = { stdout: 0, stderr: 0 };
  #skip: { readonly stdout: number; readonly stderr: number };
  /** The excerpt has had every line. */
  #fromTheBeginning: boolean;
  #batch: ConsoleLogLine[] = [];
  #batchStep: LogStep = "Running";
  #batchBytes = 0;
  #next: number;
  readonly #bytesMax: number;
  #printedBytes = 0;
  #flushTimer: NodeJS.Timeout | undefined;
  #redrawTimer: NodeJS.Timeout | undefined;
  #isEnding = false;
  #closed = false;

  constructor({ now, uplink, store, folder, linesBefore, earlier, bytesMax = logBytesMax }: JobLogOptions) {
    this.#bytesMax = bytesMax;
    const last = earlier.at(-1);
    this.#next = last ? last.first + last.count : linesBefore;
    this.#skip = last?.printed ?? { stdout: 0, stderr: 0 };
    this.#printed.seen = last?.printed.seen;
    this.#fromTheBeginning = linesBefore === 0;
    this.#now = now;
    const settled = (piece: Piece, why: string | undefined) => this.#settled(piece, why);
    this.#pieces = new LogPieces({ folder, first: this.#next, earlier, store, settled });
    this.#feed = new LogFeed(uplink, this.#pieces);
  }

  /** Bytes that the container printed. */
  printed(stream: LogStream, chunk: Buffer): void {
    const left = this.#bytesMax - this.#printedBytes;
    if (left <= 0) return;
    this.#printedBytes += chunk.length;
    this.#print(stream, this.#splitters[stream].write(chunk.subarray(0, left)));
    if (this.#printedBytes >= this.#bytesMax) {
      this.endOutput();
      this.note(`\u2014 the log has reached ${this.#bytesMax / 1024 ** 2} MiB: what follows is not kept \u2014`);
    } else {
      this.#redrawTimer ??= setTimeout(() => this.#showRedrawn(), redrawMs);
    }
  }

  /** A line of the agent's own. */
  note(text: string, step: LogStep = "Running"): void {
    // How an image comes about is no error, and shown as none.
    this.#add(step, step === "Running" ? [text, this.#now(), true] : [text, this.#now()]);
  }

  /** When what is safe of the container's output came, to an earlier process. */
  get seen(): Seen | undefined {
    return this.#printed.seen;
  }

  /** What is printed next neither follows what came before nor begins with the container's first line. */
  gap(): void {
    this.#skip = { stdout: 0, stderr: 0 };
    this.#fromTheBeginning = false;
    this.note("\u2014 lines are missing here: the Docker engine has kept only the newest \u2014");
  }

  /** How many lines there are so far. */
  get count(): number {
    return this.#next + this.#batch.length;
  }

  /** The container prints no more: a last line without an end is a line too. */
  endOutput(): void {
    for (const stream of ["stdout", "stderr"] as const) this.#print(stream, this.#splitters[stream].end());
  }

  /** Resolves when all lines are in the result or in a piece; whatever can't be stored is named. */
  async end(): Promise<LogEnd> {
    const { isComplete, ...excerpt } = this.#excerpt.end();
    if (isComplete && this.#fromTheBeginning) {
      const logLines = this.count;
      this.close();
      return { ...excerpt, logLines, pieces: [] };
    }
    this.#flush();
    this.#pieces.close();
    this.#isEnding = true;
    await this.#pieces.idle();
    const { logs, logSteps } = this.#excerpt.end();
    const pieces = this.#pieces.stored();
    this.close();
    return { logs, ...(logSteps ? { logSteps } : {}), pieces };
  }

  /** Ends everything at once; safe to call twice. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#flushTimer);
    clearTimeout(this.#redrawTimer);
    this.#feed.close();
  }

  #print(stream: LogStream, lines: readonly (string | undefined)[]): void {
    const now = this.#now();
    if (lines.length > 0) this.#printed.seen = { from: this.#printed.seen?.from ?? now, to: now };
    for (const text of lines) {
      const isNew = this.#printed[stream] >= this.#skip[stream];
      const line: ConsoleLogLine = stream === "stderr" ? [text ?? "", now, true] : [text ?? "", now];
      if (text !== undefined && isNew) this.#add("Running", line);
      else if (text !== undefined) this.#excerpt.add("Running", line);
      // Counted last: adding it may first complete a piece that is without it.
      this.#printed[stream] += 1;
    }
  }

  #add(step: LogStep, line: ConsoleLogLine): void {
    if (this.#closed) return;
    this.#excerpt.add(step, line);
    // The pieces are full: only the result can still say it.
    if (this.#isEnding) return;
    const bytes = Buffer.byteLength(line[0]);
    const full = this.#batchBytes + bytes > logBatchBytesMax || this.#batch.length >= logBatchLinesMax;
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
    const batch = batchOf(this.#batchStep, this.#next, this.#batch);
    this.#next += batch.count;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#feed.add(this.#pieces.add(batch, { ...this.#printed }));
  }

  #settled(piece: Piece, why: string | undefined): void {
    this.#feed.settled(piece);
    if (why === undefined) return;
    const lines = `${piece.count} ${piece.count === 1 ? "line" : "lines"} from number ${piece.first + 1} on`;
    this.note(`\u2014 ${lines} could not be stored: ${why.replace(/\.$/, "")} \u2014`);
  }

  #showRedrawn(): void {
    this.#redrawTimer = undefined;
    for (const stream of ["stdout", "stderr"] as const) {
      const look = this.#splitters[stream].redrawn();
      if (look !== undefined)
        this.#add("Running", stream === "stderr" ? [look, this.#now(), true] : [look, this.#now()]);
    }
  }
}
