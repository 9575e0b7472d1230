// A log on its way over connections that break, into a store that is slow or refuses. The other side is a model of what a
// queue does with the frames; the real one is in worker-agent/logs.test.ts.

import { hash as digest } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { liveLogBytesMax, logPieceBytes, logPieceBytesMax } from "../../wire/limits.ts";
import { LogPiece } from "../../wire/logPiece.ts";
import { ConsoleLogLine } from "../../wire/result.ts";
import { logBatchMs, logRowBytes, piecesAtOnce } from "../limits.ts";
import { JobLog } from "./jobLog.ts";
import { endOf, type LogBatch } from "./logBatch.ts";
import { readStoredPieces as readStored, type readStoredPieces } from "./logPieces.ts";

type Stored = Awaited<ReturnType<typeof readStoredPieces>>;

/** Repeatable chances. */
function seeded(seed: number): (below: number) => number {
  let state = seed * 2654435761;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

class Queue {
  connection: number | undefined = 1;
  readonly #watchers = new Set<() => void>();
  /** Frames that have left and not arrived. */
  readonly #inFlight: (() => void)[] = [];
  readonly texts: string[] = [];
  readonly pieces: { readonly first: number; readonly end: number; readonly hash: string }[] = [];
  readonly blobs = new Map<string, Buffer>();
  #connections = 1;
  #rows: { readonly end: number; readonly bytes: number }[] = [];
  rowBytesMax = 0;

  readonly uplink = {
    connection: () => this.connection,
    watch: (connected: () => void) => {
      this.#watchers.add(connected);
      return () => this.#watchers.delete(connected);
    },
    lines: async (batch: LogBatch) => this.#leaves(() => this.#takeLines(batch)),
    sealed: async (piece: { first: number; count: number; hash: string }) => this.#leaves(() => this.#takePiece(piece)),
  };

  cut(): void {
    this.connection = undefined;
    this.#inFlight.length = 0;
  }

  connect(): void {
    this.connection = ++this.#connections;
    for (const connected of this.#watchers) connected();
  }

  arrive(frames: number): void {
    for (const frame of this.#inFlight.splice(0, frames)) frame();
  }

  #leaves(frame: () => void): boolean {
    if (this.connection === undefined) return false;
    this.#inFlight.push(frame);
    return true;
  }

  #takeLines({ first, json, bytes, count }: LogBatch): void {
    if (first > this.texts.length) throw new Error(`Lines ${this.texts.length} to ${first} are missing.`);
    const lines = v.parse(v.array(ConsoleLogLine), JSON.parse(json));
    expect(lines).toHaveLength(count);
    for (const [text] of lines.slice(this.texts.length - first)) this.texts.push(text);
    this.#rows.push({ end: first + count, bytes: bytes + logRowBytes });
    const rowBytes = this.#rows.reduce((sum, row) => sum + row.bytes, 0);
    this.rowBytesMax = Math.max(this.rowBytesMax, rowBytes);
  }

  #takePiece({ first, count, hash }: { first: number; count: number; hash: string }): void {
    const sealedTo = this.pieces.at(-1)?.end ?? 0;
    if (first < sealedTo) return;
    this.pieces.push({ first, end: first + count, hash });
    this.#rows = this.#rows.filter(({ end }) => end > first + count);
    if (first > this.texts.length) throw new Error(`Lines ${this.texts.length} to ${first} are missing.`);
    const texts = this.textsOf({ hash });
    expect(texts).toHaveLength(count);
    this.texts.push(...texts.slice(this.texts.length - first));
  }

  textsOf({ hash }: { readonly hash: string }): string[] {
    const blob = this.blobs.get(hash);
    if (!blob) throw new Error("The piece is not in the store.");
    const parts = v.parse(LogPiece, JSON.parse(blob.toString()));
    return parts.flatMap(({ lines }) => lines.map(([text]) => text));
  }
}

let folder = "";
beforeEach(async () => {
  vi.useFakeTimers();
  folder = await mkdtemp(join(tmpdir(), "longshore-log-"));
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

interface Setup {
  readonly queue?: Queue;
  readonly linesBefore?: number;
  readonly earlier?: Stored;
  readonly before?: () => Promise<void>;
  readonly bytesMax?: number;
}

function logTo({ queue = new Queue(), linesBefore = 0, earlier = [], before = async () => {}, ...more }: Setup) {
  const memory: ArrayBufferLike[] = [];
  const log = new JobLog({
    now: () => 1_700_000_000_000,
    uplink: queue.uplink,
    store: async ({ hash, size, content }) => {
      await before();
      expect(content.length).toBe(size);
      expect(digest("sha256", content)).toBe(hash);
      // The log puts other content in its place.
      queue.blobs.set(hash, Buffer.from(content));
      if (!memory.includes(content.buffer)) memory.push(content.buffer);
    },
    folder,
    linesBefore,
    earlier,
    ...more,
  });
  onTestFinished(() => log.close());
  return { log, queue, memory };
}

/** The log's end, with time passing for whoever waits. */
async function ended(log: JobLog) {
  const end = log.end();
  await vi.advanceTimersByTimeAsync(60_000);
  return await end;
}

const tick = () => vi.advanceTimersByTimeAsync(logBatchMs);

describe("a log", () => {
  test.each(Array.from({ length: 12 }, (_, seed) => seed + 1))(
    "loses no line and repeats none over connections that break (seed %i)",
    async (seed) => {
      const random = seeded(seed);
      const { log, queue } = logTo({ before: () => new Promise((go) => setTimeout(go, random(3) * 400)) });
      const truth: string[] = [];
      for (let step = 0; step < 120; step += 1) {
        const dice = random(100);
        if (dice < 60) {
          const lines = Array.from(
            { length: 1 + random(60) },
            (_, i) => `${truth.length + i} ${"x".repeat(random(600))}`,
          );
          log.printed("stdout", Buffer.from(`${lines.join("\n")}\n`));
          truth.push(...lines);
        } else if (dice < 75) queue.arrive(random(5));
        else if (dice < 85) queue.cut();
        else if (queue.connection === undefined) queue.connect();
        if (dice % 3 === 0) await tick();
        expect(queue.texts).toEqual(truth.slice(0, queue.texts.length));
      }
      // What is told while the job goes on, without any more of it being printed.
      if (queue.connection === undefined) queue.connect();
      for (let i = 0; i < 50; i += 1) {
        await tick();
        queue.arrive(1000);
      }
      expect(queue.texts).toEqual(truth);
      const { pieces, logs, logLines } = await ended(log);
      expect(logLines).toBeUndefined();
      expect(logs.at(-1)?.[0]).toBe(truth.at(-1));
      expect(pieces.flatMap((piece) => queue.textsOf(piece))).toEqual(truth);
    },
  );

  test("that is short is in its result alone, with its number of lines", async () => {
    const { log, queue } = logTo({});
    log.note("pulling", "docker image pull");
    log.printed("stdout", Buffer.from("one\ntwo"));
    log.endOutput();
    expect(await ended(log)).toMatchObject({ logLines: 3, logSteps: [["docker image pull", 1]], pieces: [] });
    expect(queue.blobs.size).toBe(0);
  });

  test("that floods a slow store stays in memory as it is, waits in its folder, and leaves nothing there", async () => {
    const gate = Promise.withResolvers<void>();
    const { log, queue, memory } = logTo({ before: () => gate.promise });
    const chunk = Buffer.from(`${"y".repeat(99)}\n`.repeat(10_000));
    for (let i = 0; i < 64; i += 1) {
      log.printed("stdout", chunk);
      await tick();
      queue.arrive(1000);
    }
    expect((await readdir(folder)).length).toBeGreaterThan(40);
    expect(queue.rowBytesMax).toBeGreaterThan(logPieceBytes);
    expect(queue.rowBytesMax).toBeLessThan(liveLogBytesMax);
    gate.resolve();
    const { pieces } = await ended(log);
    expect(pieces.reduce((sum, { count }) => sum + count, 0)).toBe(640_000);
    expect(Math.max(...pieces.map(({ size }) => size))).toBeLessThanOrEqual(logPieceBytesMax);
    expect(memory.length).toBeLessThanOrEqual(piecesAtOnce + 1);
    expect(await readdir(folder)).toEqual(["stored"]);
  });

  test("whose second piece is stored before its first is told in the order of its lines", async () => {
    const gate = Promise.withResolvers<void>();
    let stores = 0;
    const { log, queue } = logTo({ before: async () => (++stores === 1 ? gate.promise : undefined) });
    const lines = Array.from({ length: 25_000 }, (_, i) => `${i} ${"z".repeat(90)}`);
    // Nobody hears the first lines until the second piece is stored.
    queue.cut();
    for (let i = 0; i < lines.length; i += 500) {
      log.printed("stdout", Buffer.from(`${lines.slice(i, i + 500).join("\n")}\n`));
      await tick();
    }
    queue.connect();
    for (let i = 0; i < 50; i += 1) {
      await tick();
      queue.arrive(1000);
    }
    expect(queue.texts.length).toBeGreaterThan(5_000);
    expect(queue.texts).toEqual(lines.slice(0, queue.texts.length));
    gate.resolve();
    await tick();
    queue.arrive(1000);
    await ended(log);
  });

  test("whose piece can't be stored says which lines are missing, and goes on", async () => {
    let failures = 1;
    const { log, queue } = logTo({
      before: async () => {
        if (failures-- > 0) throw new Error("The store is full.");
      },
    });
    const lines = Array.from({ length: 30_000 }, (_, i) => `${i} ${"z".repeat(90)}`);
    for (let i = 0; i < lines.length; i += 1000) {
      log.printed("stdout", Buffer.from(`${lines.slice(i, i + 1000).join("\n")}\n`));
      await tick();
    }
    const { pieces } = await ended(log);
    const [first] = pieces;
    const missing = first?.first ?? 0;
    expect(missing).toBeGreaterThan(5_000);
    const texts = pieces.flatMap((piece) => queue.textsOf(piece));
    const note = `\u2014 ${missing} lines from number 1 on could not be stored: The store is full \u2014`;
    expect(texts).toContain(note);
    expect(texts.filter((text) => text !== note)).toEqual(lines.slice(missing));
  });

  test("ends at its cap with a line that says so, behind all that came before", async () => {
    const bytesMax = 4 * 1024 ** 2;
    const { log, queue } = logTo({ bytesMax });
    const line = "w".repeat(99);
    for (let printed = 0; printed < 2 * bytesMax; printed += 100_000) {
      log.printed("stdout", Buffer.from(`${line}\n`.repeat(1000)));
      await tick();
    }
    const { pieces, logs } = await ended(log);
    const texts = pieces.flatMap((piece) => queue.textsOf(piece));
    expect(texts.at(-1)).toBe("\u2014 the log has reached 4 MiB: what follows is not kept \u2014");
    expect(logs.at(-1)?.[0]).toBe(texts.at(-1));
    expect(texts.slice(0, -1).join("\n")).toBe(`${line}\n`.repeat(bytesMax).slice(0, bytesMax));
  });

  test("is gone on with by another process behind what was stored, whatever was on its way", async () => {
    const queue = new Queue();
    const lines = Array.from({ length: 25_000 }, (_, i) => `${i} ${"v".repeat(90)}`);
    const print = (log: JobLog, count: number) => {
      for (const [i, line] of lines.slice(0, count).entries())
        log.printed(i % 7 === 0 ? "stderr" : "stdout", Buffer.from(`${line}\n`));
    };
    const first = logTo({ queue });
    first.log.note("pulled", "docker image pull");
    await tick();
    queue.arrive(1000);
    print(first.log, 15_000);
    await tick();
    // Killed: nothing is said any more.
    first.log.close();
    queue.cut();
    queue.connect();
    const earlier = await readStored(folder);
    expect(earlier.length).toBe(1);
    const second = logTo({ queue, linesBefore: 1, earlier });
    print(second.log, lines.length);
    const { pieces } = await ended(second.log);
    expect(pieces[0]?.hash).toBe(earlier[0]?.hash);
    expect(pieces.map(({ first }) => first)).toEqual([0, ...pieces.slice(0, -1).map(endOf)]);
    expect(pieces.flatMap((piece) => queue.textsOf(piece))).toEqual(["pulled", ...lines]);
  });
});
