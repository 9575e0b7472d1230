// A log as pieces in the deployment's store: filled with lines in their order, stored several at a time, however fast a job
// prints and however slow the way there is. What waits beyond a few goes to the job's folder.

import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { SealedPiece } from "../../wire/agentMessages.ts";
import { own, type Sha256 } from "../../wire/ids.ts";
import { logPieceBytes, logPieceBytesMax } from "../../wire/limits.ts";
import { isBuild } from "../../wire/logPiece.ts";
import { isDiskFull, messageOf } from "../fault.ts";
import { Gate } from "../gate.ts";
import { firstPiecesMax, laterPieceBytes, piecesAtOnce } from "../limits.ts";
import { endOf, type LogBatch } from "./logBatch.ts";

/** Lines of each stream that a job's container has printed. */
const Printed = v.object({ stdout: v.number(), stderr: v.number() });
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
}

/** A piece as the queue is told of it, once it is stored. */
export function sealedOf({ first, count, build, state }: Piece): SealedPiece | undefined {
  return typeof state === "string" ? undefined : { first, count, build, ...state };
}

export interface LogPiecesOptions {
  /** Belongs to the log; made when it is first needed. */
  readonly folder: string;
  /** The first line that is in no piece of `earlier`. */
  readonly first: number;
  /** Of an earlier process. */
  readonly earlier: readonly StoredPiece[];
  readonly store: (piece: { hash: Sha256; size: number; content: string | Buffer }) => Promise<void>;
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
  #parts: string[] = [];
  #bytes = 0;
  /** How many leading pieces the folder remembers. */
  #remembered: number;

  constructor(options: LogPiecesOptions) {
    this.#options = options;
    const earlier = options.earlier.map(({ hash, size, ...piece }): Piece => ({ ...piece, state: { hash, size } }));
    this.#filling = filling(options.first);
    this.list = [...earlier, this.#filling];
    this.#remembered = earlier.length;
  }

  /** The first line that is in no closed piece. */
  get fillsFrom(): number {
    return this.#filling.first;
  }

  /** `printed` is how much of the container's output is in the log with this batch. */
  add(batch: LogBatch, printed: Printed): void {
    const part = `{"step":${JSON.stringify(batch.step)},"lines":${batch.json}}`;
    if (this.#bytes + batch.bytes + partBytes > logPieceBytesMax) this.close();
    this.#parts.push(part);
    this.#bytes += batch.bytes + partBytes;
    this.#filling.count += batch.count;
    if (isBuild(batch.step)) this.#filling.build += batch.count;
    this.#filling.printed = printed;
    if (this.#bytes >= (this.list.length <= firstPiecesMax ? logPieceBytes : laterPieceBytes)) this.close();
  }

  /** What has come so far becomes a piece, whatever its size. */
  close(): void {
    const piece = this.#filling;
    if (piece.count === 0) return;
    const content = Buffer.from(`[${this.#parts.join(",")}]`);
    this.#filling = filling(endOf(piece));
    this.list.push(this.#filling);
    this.#parts = [];
    this.#bytes = 0;
    piece.state = "storing";
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

  async #store(piece: Piece, bytes: Buffer): Promise<void> {
    const { store, settled } = this.#options;
    const hash = own.sha256(createHash("sha256").update(bytes).digest("hex"));
    let why: string | undefined;
    try {
      const content = this.#storing.size < piecesAtOnce ? bytes : this.#toFile(piece.first, bytes);
      try {
        await this.#gate.within(() => store({ hash, size: bytes.length, content }));
      } finally {
        if (typeof content === "string") await rm(content, { force: true });
      }
      piece.state = { hash, size: bytes.length };
    } catch (error) {
      piece.state = "lost";
      why = isDiskFull(error) ? "the agent's disk is full" : messageOf(error);
    }
    this.#remember();
    settled(piece, why);
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

const storedPath = (folder: string) => join(folder, "stored");

/** What a part has beside its lines, at most. */
const partBytes = 64;

function filling(first: number): Piece {
  return { first, count: 0, build: 0, printed: { stdout: 0, stderr: 0 }, state: "filling" };
}
