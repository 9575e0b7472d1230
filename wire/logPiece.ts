// A piece of a job's log as an agent seals it into the store: the blob of its hash, JSON, lines in order with their steps.

import * as v from "valibot";
import { ConsoleLogLine, LogStep } from "./result.ts";

export const LogPiece = v.array(v.object({ step: LogStep, lines: v.array(ConsoleLogLine) }));
export type LogPiece = v.InferOutput<typeof LogPiece>;

/** Build logs are those of every step but the container's own. */
export function isBuild(step: LogStep): boolean {
  return step !== "Running";
}
