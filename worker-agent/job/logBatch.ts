// Consecutive lines of one step as the JSON in which they travel: written once, for the frame and for the piece.

import type { LogStep } from "../../wire/job.ts";
import type { ConsoleLogLine } from "../../wire/result.ts";

export interface LogBatch {
  readonly step: LogStep;
  /** The number of the first line over the attempt. */
  readonly first: number;
  readonly count: number;
  /** An array of lines. */
  readonly json: string;
  readonly bytes: number;
}

/** The same lines in a piece, as long as that is in memory. */
export interface HeldBatch extends Omit<LogBatch, "json"> {
  readonly json: () => string | undefined;
}

export function batchOf(step: LogStep, first: number, lines: readonly ConsoleLogLine[]): LogBatch {
  const json = JSON.stringify(lines);
  return { step, first, count: lines.length, json, bytes: Buffer.byteLength(json) };
}

export function endOf({ first, count }: { readonly first: number; readonly count: number }): number {
  return first + count;
}

/** Several that follow one another, as one. */
export function joined(batches: readonly [LogBatch, ...LogBatch[]]): LogBatch {
  const [head] = batches;
  if (batches.length === 1) return head;
  const json = `[${batches.map((batch) => batch.json.slice(1, -1)).join(",")}]`;
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  return { ...head, count, json, bytes: batches.reduce((sum, batch) => sum + batch.bytes, 0) };
}
