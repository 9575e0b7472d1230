// What a container prints, each line once: where its engine goes away and comes back, the rest is read from what that has kept.

import type { Readable } from "node:stream";
import { messageOf } from "../fault.ts";
import { Demultiplexer, type LogStream } from "./demux.ts";
import type { KeptLog, Seen } from "./keptLog.ts";

export interface OutputReader {
  readonly printed: (stream: LogStream, chunk: Buffer) => void;
  readonly note: (text: string) => void;
  /** What is printed next does not follow what came before. */
  readonly gap: () => void;
  /** A stream of it has ended. */
  readonly silent: () => void;
  readonly now: () => number;
}

export class ContainerOutput {
  /** Resolves when the newest stream has ended. */
  over: Promise<void> = Promise.resolve();
  readonly #reader: OutputReader;
  readonly #lines = { stdout: 0, stderr: 0 };
  #stream: Readable | undefined;
  #seen: Seen | undefined;

  constructor(reader: OutputReader) {
    this.#reader = reader;
  }

  read(stream: Readable): void {
    this.#read(stream, { stdout: 0, stderr: 0 });
  }

  /** What has been read of it, if anything. */
  get seen(): Seen | undefined {
    return this.#seen;
  }

  /** Counted by lines: the engine's log knows no parts of them. */
  readAgain({ stream, isWhole }: KeptLog): void {
    if (!isWhole) this.#reader.gap();
    this.#read(stream, isWhole ? { ...this.#lines } : { stdout: 0, stderr: 0 });
  }

  close(): void {
    this.#stream?.destroy();
  }

  #read(stream: Readable, known: Record<LogStream, number>): void {
    this.close();
    this.#stream = stream;
    const demultiplexer = new Demultiplexer((name, chunk) => {
      const news = beyond(known, name, chunk);
      if (news.length === 0) return;
      this.#lines[name] += linesIn(news);
      const to = this.#reader.now();
      this.#seen = { from: this.#seen?.from ?? to, to };
      this.#reader.printed(name, news);
    });
    this.over = drained(stream, demultiplexer, this.#reader.note).then(this.#reader.silent);
  }
}

/** The chunk without as many lines as are known of that stream, which are counted down. */
function beyond(known: Record<LogStream, number>, name: LogStream, chunk: Buffer): Buffer {
  let from = 0;
  while (known[name] > 0 && from < chunk.length) {
    const end = chunk.indexOf(newline, from);
    if (end < 0) return chunk.subarray(chunk.length);
    from = end + 1;
    known[name] -= 1;
  }
  return chunk.subarray(from);
}

function linesIn(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) count += 1;
  return count;
}

const newline = 10;

function drained(output: Readable, demultiplexer: Demultiplexer, note: (text: string) => void): Promise<void> {
  return new Promise((resolve) => {
    output.on("data", (chunk: Buffer) => {
      try {
        demultiplexer.write(chunk);
      } catch (error) {
        output.destroy(error instanceof Error ? error : undefined);
      }
    });
    output.once("error", (error) => {
      note(`\u2014 the log was interrupted: ${messageOf(error)} \u2014`);
      resolve();
    });
    output.once("close", resolve);
    output.once("end", resolve);
  });
}
