// A log whose job has ended, as an object beside its result: what pieces there are, the lines that no piece has, and whether
// the result's own lines follow.

import * as v from "valibot";
import { Sha256 } from "../../wire/ids.ts";
import { LogStep } from "../../wire/result.ts";
import type { FinishedJob } from "../deployment.ts";
import type { LogView } from "../queue/logView.ts";

const block = { first: v.number(), count: v.number(), built: v.number() };

const ArchivedLog = v.object({
  next: v.number(),
  built: v.number(),
  inResult: v.boolean(),
  pieces: v.array(v.object({ ...block, build: v.number(), hash: Sha256, size: v.number() })),
  rows: v.array(v.object({ ...block, step: LogStep, lines: v.string() })),
});
export type ArchivedLog = v.InferOutput<typeof ArchivedLog>;

export function archivedLog(json: string | undefined): ArchivedLog | undefined {
  return json === undefined ? undefined : v.parse(ArchivedLog, JSON.parse(json));
}

/** The log of a job of which this much is stored: without a log of its own it is what the result has. */
export function viewOfArchived(log: ArchivedLog | undefined, finished: FinishedJob | undefined): LogView | undefined {
  if (!log && !finished) return undefined;
  const { next, built, inResult, pieces, rows } = log ?? { next: 0, built: 0, inResult: true, pieces: [], rows: [] };
  const result = inResult ? finished?.job.finished?.result : undefined;
  const ref = inResult ? finished?.ref : undefined;
  return {
    isOver: true,
    next,
    built,
    pieces,
    rows,
    result: ref ? { hash: v.parse(Sha256, ref.hash), size: ref.size } : result && { json: JSON.stringify(result) },
  };
}
