// Log batches on their way to the queue, oldest first. A slow uplink never slows a job: what memory should not hold goes to
// a file in the job's folder.

import { closeSync, openSync, readSync, writeSync } from "node:fs";
import * as v from "valibot";
import { LogStep } from "../../wire/job.ts";
import { ConsoleLogLine } from "../../wire/result.ts";
import { logMemoryBytesMax } from "../limits.ts";

const LogBatch = v.object({ step: LogStep, first: v.number(), lines: v.array(ConsoleLogLine) });
export type LogBatch = Readonly<v.InferOutput<typeof LogBatch>>;

type Place =
  | { readonly in: "memory"; readonly batch: LogBatch; readonly bytes: number }
  | { readonly in: "file"; readonly offset: number; readonly bytes: number };

export class LogBacklog {
  readonly #path: string;
  readonly #places: Place[] = [];
  #memoryBytes = 0;
  #file: number | undefined;
  #fileBytes = 0;

  /** The file is made when it is first needed, and goes with its folder. */
  constructor(path: string) {
    this.#path = path;
  }

  get empty(): boolean {
    return this.#places.length === 0;
  }

  push(batch: LogBatch, bytes: number): void {
    if (this.#memoryBytes + bytes <= logMemoryBytesMax) {
      this.#places.push({ in: "memory", batch, bytes });
      this.#memoryBytes += bytes;
      return;
    }
    // Written at once: a queue of pending writes would be the memory that this saves.
    const json = Buffer.from(JSON.stringify(batch));
    this.#file ??= openSync(this.#path, "w+", 0o600);
    writeSync(this.#file, json, 0, json.length, this.#fileBytes);
    this.#places.push({ in: "file", offset: this.#fileBytes, bytes: json.length });
    this.#fileBytes += json.length;
  }

  shift(): LogBatch | undefined {
    const place = this.#places.shift();
    if (!place) return undefined;
    switch (place.in) {
      case "memory":
        this.#memoryBytes -= place.bytes;
        return place.batch;
      case "file":
        return this.#read(place.offset, place.bytes);
    }
  }

  close(): void {
    this.#places.length = 0;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #read(offset: number, bytes: number): LogBatch | undefined {
    if (this.#file === undefined) return undefined;
    const json = Buffer.alloc(bytes);
    const read = readSync(this.#file, json, 0, bytes, offset);
    if (read !== bytes) throw new Error(`The log's file has ${read} of ${bytes} bytes.`);
    return v.parse(LogBatch, JSON.parse(json.toString("utf8")));
  }
}
