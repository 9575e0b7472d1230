// What the queue is told of a log, in the order of its lines: the pieces that are stored, and beyond them the lines
// themselves, as far as it keeps them. Frames that were on their way when a connection broke may be lost, so on each new one
// everything is told again that no piece has; the queue leaves out what it has.

import type { SealedPiece } from "../../wire/agentMessages.ts";
import { logFrameBytesMax } from "../../wire/limits.ts";
import { logAheadBytesMax, logRowBytes } from "../limits.ts";
import { endOf, type HeldBatch, joined, type LogBatch } from "./logBatch.ts";
import { type LogPieces, type Piece, sealedOf } from "./logPieces.ts";

/** The way to the queue, which may be away. */
export interface LogUplink {
  /** Which connection there is: another number for each. Undefined while there is none. */
  readonly connection: () => number | undefined;
  /** Calls back whenever there is a new one, until the function that it gives is called. */
  readonly watch: (connected: () => void) => () => void;
  /** Resolves when the frame has left; false when it can't. */
  readonly lines: (batch: LogBatch) => Promise<boolean>;
  readonly sealed: (piece: SealedPiece) => Promise<boolean>;
}

/** What has been told on one connection. */
interface Told {
  readonly connection: number;
  /** How many pieces. */
  pieces: number;
  /** The next line. */
  next: number;
  /** Lines that went by themselves, until the piece is told that has them. */
  ahead: { readonly end: number; readonly bytes: number }[];
}

export class LogFeed {
  readonly #uplink: LogUplink;
  readonly #pieces: LogPieces;
  /** Lines that no stored piece has. Those of a piece that is in memory no more can't be told: the piece will tell of them. */
  #batches: HeldBatch[] = [];
  #told: Told | undefined;
  #news = Promise.withResolvers<void>();
  readonly #unwatch: () => void;
  #closed = false;

  constructor(uplink: LogUplink, pieces: LogPieces) {
    this.#uplink = uplink;
    this.#pieces = pieces;
    this.#unwatch = uplink.watch(() => this.#wake());
    void this.#run();
  }

  add(batch: HeldBatch): void {
    this.#batches.push(batch);
    this.#wake();
  }

  /** A piece is stored, or lost: its lines are needed no more. */
  settled(piece: Piece): void {
    this.#batches = this.#batches.filter(({ first }) => first < piece.first || first >= endOf(piece));
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
    this.#batches = [];
    this.#wake();
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const connection = this.#uplink.connection();
      if (connection !== undefined) {
        const told = this.#toldOn(connection);
        const frame = this.#next(told);
        // A frame that could not leave is told on the next connection, which may be there already.
        if (frame && ((await frame()) || this.#uplink.connection() !== connection)) continue;
      }
      await this.#news.promise;
    }
  }

  #toldOn(connection: number): Told {
    if (this.#told?.connection === connection) return this.#told;
    this.#told = { connection, pieces: 0, next: this.#pieces.list[0]?.first ?? 0, ahead: [] };
    return this.#told;
  }

  #next(told: Told): (() => Promise<boolean>) | undefined {
    for (;;) {
      const piece = this.#pieces.list[told.pieces];
      if (!piece || piece.state === "filling" || piece.state === "storing") break;
      told.pieces += 1;
      told.next = Math.max(told.next, endOf(piece));
      told.ahead = told.ahead.filter(({ end }) => end > endOf(piece));
      const sealed = sealedOf(piece);
      if (sealed) return () => this.#uplink.sealed(sealed);
    }
    const batch = this.#linesFrom(told);
    if (!batch) return undefined;
    told.next = endOf(batch);
    told.ahead.push({ end: endOf(batch), bytes: batch.bytes + logRowBytes });
    return () => this.#uplink.lines(batch);
  }

  /** As many lines of one step as a frame takes, unless the queue would have to drop older ones for them. */
  #linesFrom({ next, ahead }: Told): LogBatch | undefined {
    const at = this.#batches.findIndex(({ first }) => first === next);
    const head = inMemory(this.#batches[at]);
    let room = logAheadBytesMax - ahead.reduce((sum, { bytes }) => sum + bytes, 0);
    if (!head || head.bytes + logRowBytes > room) return undefined;
    const frame: [LogBatch, ...LogBatch[]] = [head];
    let end = endOf(head);
    room = Math.min(room - logRowBytes, logFrameBytesMax) - head.bytes;
    for (const held of this.#batches.slice(at + 1)) {
      // A piece may be stored before the one in front of it: its lines are not here any more.
      if (held.first !== end || held.step !== head.step || held.bytes > room) break;
      const batch = inMemory(held);
      if (!batch) break;
      frame.push(batch);
      end = endOf(batch);
      room -= batch.bytes;
    }
    return joined(frame);
  }
}

function inMemory(batch: HeldBatch | undefined): LogBatch | undefined {
  const json = batch?.json();
  return batch && json !== undefined ? { ...batch, json } : undefined;
}
