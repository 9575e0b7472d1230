// A log as pieces in the deployment's store: filled with lines in their order, stored several at a time, however fast a job
// prints and however slow the way there is. A few are in memory, in the same buffers again and again: a flood of new ones would
// be collected only every 64 MiB. What waits beyond them goes to the job's folder.

import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { SealedPiece } from "../../wire/agentMessages.ts";
import { own, type Sha256 } from "../../wire/ids.ts";
import { logFrameBytesMax, logPieceBytes, logPieceBytesMax } from "../../wire/limits.ts";
import { isBuild } from "../../wire/logPiece.ts";
import { isDiskFull, messageOf } from "../fault.ts";
import { Gate } from "../gate.ts";
import { firstPiecesMax, laterPieceBytes, piecesAtOnce } from "../limits.ts";
import { endOf, type HeldBatch, type LogBatch } from "./logBatch.ts";

/** Lines of each stream that a job's container has printed, and when the first and the last of them came. */
const Printed = v.object({
  stdout: v.number(),
  stderr: v.number(),
  seen: v.optional(v.object({ from: v.number(), to: v.number() })),
});
export type Printed = v.InferOutput<typeof Printed>;

/** A stored piece as the job's folder remembers it. */
const StoredPiece = v.object({ ...SealedPiece.entries, printed: Printed });
export type StoredPiece = v.InferOutput<typeof StoredPiece>;

export interface Piece {
  readonly first: number;
  count: number;
  build: number;
  /** How much of the container's output this piece and those before it have. */
  printed: Printed;
  /** `lost` could not be stored; else the blob that it is. */
  state: "filling" | "storing" | "lost" | { readonly hash: Sha256; readonly size: number };
  /** Its JSON, while that is in memory. */
  content?: Buffer | undefined;
}

/** A piece as the queue is told of it, once it is stored. */
export function sealedOf({ first, count, build, state }: Piece): SealedPiece | undefined {
  return typeof state === "string" ? undefined : { first, count, build, ...state };
}

/** Resolves, or fails, when it needs the content no more: other content comes into its place. */
export type StorePiece = (piece: { hash: Sha256; size: number; content: Buffer }) => Promise<void>;

export interface LogPiecesOptions {
  /** Belongs to the log; made when it is first needed. */
  readonly folder: string;
  /** The first line that is in no piece of `earlier`. */
  readonly first: number;
  /** Of an earlier process. */
  readonly earlier: readonly StoredPiece[];
  readonly store: StorePiece;
  /** A piece is stored, or lost. */
  readonly settled: (piece: Piece, why: string | undefined) => void;
}

export class LogPieces {
  readonly #options: LogPiecesOptions;
  readonly #gate = new Gate(piecesAtOnce);
  readonly #storing = new Set<Promise<void>>();
  /** In the order of their lines; the last one is filling. */
  readonly list: Piece[];
  #filling: Piece;
  /** What is filled, whose beginning has the lines so far. */
  #buffer: Buffer = Buffer.alloc(0);
  #bytes = 0;
  /** Not in use. */
  readonly #spare: Buffer[] = [];
  /** How many leading pieces the folder remembers. */
  #remembered: number;

  constructor(options: LogPiecesOptions) {
    this.#options = options;
    const earlier = options.earlier.map(({ hash, size, ...piece }): Piece => ({ ...piece, state: { hash, size } }));
    this.#filling = filling(options.first);
    this.list = [...earlier, this.#filling];
    this.#remembered = earlier.length;
  }

  /** `printed` is how much of the container's output is in the log with this batch. Tells where the lines are while they are in memory. */
  add({ step, first, count, json, bytes }: LogBatch, printed: Printed): HeldBatch {
    if (this.#bytes + bytes + partBytes > logPieceBytesMax) this.close();
    const piece = this.#filling;
    this.#makeRoom(bytes + partBytes);
    this.#write(`${piece.count === 0 ? "[" : ","}{"step":${JSON.stringify(step)},"lines":`);
    const at = this.#bytes;
    this.#write(json);
    this.#write("}");
    piece.content = this.#buffer.subarray(0, this.#bytes);
    piece.count += count;
    if (isBuild(step)) piece.build += count;
    piece.printed = printed;
    if (this.#bytes >= (this.list.length <= firstPiecesMax ? logPieceBytes : laterPieceBytes)) this.close();
    return { step, first, count, bytes, json: () => piece.content?.toString("utf8", at, at + bytes) };
  }

  /** What has come so far becomes a piece, whatever its size. */
  close(): void {
    const piece = this.#filling;
    if (piece.count === 0) return;
    this.#write("]");
    const content = this.#buffer.subarray(0, this.#bytes);
    piece.content = content;
    piece.state = "storing";
    this.#filling = filling(endOf(piece));
    this.list.push(this.#filling);
    this.#buffer = Buffer.alloc(0);
    this.#bytes = 0;
    const storing = this.#store(piece, content).finally(() => this.#storing.delete(storing));
    this.#storing.add(storing);
  }

  /** Resolves when no piece is on its way. */
  async idle(): Promise<void> {
    while (this.#storing.size > 0) await Promise.all(this.#storing);
  }

  /** What is stored, in the order of its lines. */
  stored(): readonly SealedPiece[] {
    return this.list.flatMap((piece) => sealedOf(piece) ?? []);
  }

  async #store(piece: Piece, content: Buffer): Promise<void> {
    const { store, settled } = this.#options;
    const size = content.length;
    const hash = own.sha256(createHash("sha256").update(content).digest("hex"));
    let why: string | undefined;
    try {
      if (this.#storing.size < piecesAtOnce) await this.#gate.within(() => store({ hash, size, content }));
      else await this.#storeLater(piece, { hash, size, content });
      piece.state = { hash, size };
    } catch (error) {
      piece.state = "lost";
      why = isDiskFull(error) ? "the agent's disk is full" : messageOf(error);
    }
    this.#release(piece);
    this.#remember();
    settled(piece, why);
  }

  /** Waits in a file for its place, and comes back into memory when it has it. */
  async #storeLater(piece: Piece, { hash, size, content }: Parameters<StorePiece>[0]): Promise<void> {
    const path = this.#toFile(piece.first, content);
    this.#release(piece);
    try {
      await this.#gate.within(async () => {
        const buffer = this.#spareFor(size);
        try {
          await readWhole(path, buffer.subarray(0, size));
          await this.#options.store({ hash, size, content: buffer.subarray(0, size) });
        } finally {
          this.#spare.push(buffer);
        }
      });
    } finally {
      await rm(path, { force: true });
    }
  }

  /** Written at once: a queue of pending writes would be the memory that this saves. */
  #toFile(first: number, bytes: Buffer): string {
    mkdirSync(this.#options.folder, { recursive: true });
    const path = join(this.#options.folder, String(first));
    try {
      writeFileSync(path, bytes, { mode: 0o600 });
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    }
    return path;
  }

  #write(text: string): void {
    this.#bytes += this.#buffer.write(text, this.#bytes);
  }

  #makeRoom(bytes: number): void {
    const needed = this.#bytes + bytes + 1;
    if (needed <= this.#buffer.length) return;
    const old = this.#buffer;
    this.#buffer = this.#spareFor(needed);
    old.copy(this.#buffer, 0, 0, this.#bytes);
    if (old.length > 0) this.#spare.push(old);
  }

  #spareFor(size: number): Buffer {
    const usual = (this.list.length <= firstPiecesMax ? logPieceBytes : laterPieceBytes) + 2 * logFrameBytesMax;
    const spare = this.#spare.pop();
    return spare && spare.length >= size ? spare : Buffer.allocUnsafeSlow(Math.max(size, usual));
  }

  /** Its lines are in memory no more. */
  #release(piece: Piece): void {
    const { content } = piece;
    piece.content = undefined;
    if (content) this.#spare.push(Buffer.from(content.buffer));
  }

  /** Only without a gap: a process that goes on after this one begins behind them. */
  #remember(): void {
    const lines: string[] = [];
    for (const piece of this.list.slice(this.#remembered)) {
      const sealed = sealedOf(piece);
      if (!sealed) break;
      const stored: StoredPiece = { ...sealed, printed: piece.printed };
      lines.push(`${JSON.stringify(stored)}\n`);
    }
    if (lines.length === 0) return;
    this.#remembered += lines.length;
    try {
      mkdirSync(this.#options.folder, { recursive: true });
      appendFileSync(storedPath(this.#options.folder), lines.join(""));
    } catch {
      // A full disk. The pieces are stored; only an agent that is killed now would go on with a gap in the log.
    }
  }
}

/** What an earlier process has stored of this log. */
export async function readStoredPieces(folder: string): Promise<readonly StoredPiece[]> {
  const text = await readFile(storedPath(folder), "utf8").catch(() => "");
  const pieces: StoredPiece[] = [];
  for (const line of text.split("\n")) {
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), StoredPiece), line);
    // The last line may have been cut by the end of that process.
    if (!parsed.success) break;
    pieces.push(parsed.output);
  }
  return pieces;
}

async function readWhole(path: string, into: Buffer): Promise<void> {
  const file = await open(path);
  try {
    for (let at = 0; at < into.length; ) {
      const { bytesRead } = await file.read(into, at, into.length - at, at);
      if (bytesRead === 0) throw new Error(`${path} has lost its end`);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

const storedPath = (folder: string) => join(folder, "stored");

/** What a part has beside its lines, at most. */
const partBytes = 64;

function filling(first: number): Piece {
  return { first, count: 0, build: 0, printed: { stdout: 0, stderr: 0 }, state: "filling" };
}
