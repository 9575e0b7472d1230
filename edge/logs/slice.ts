// Lines of a job's log from a place on, whatever they are kept as: sealed pieces, rows, or the lines of a result. An answer has
// lines without a gap; what is missing shows as a start above what was asked for.

import * as v from "valibot";
import type { Sha256 } from "../../wire/ids.ts";
import { isBuild, type LogPiece } from "../../wire/logPiece.ts";
import { ConsoleLogLine, JobResult } from "../../wire/result.ts";
import { logAnswerBytesMax, logAnswerLinesMax, logLineOverheadBytes } from "../limits.ts";
import type { LogKind, LogPlace, LogView, PieceBlock } from "../queue/logView.ts";

/** Consecutive lines of the build, or of the run. */
export interface LogSpan {
  readonly isBuild: boolean;
  /** The number of the first over the whole job, and among the lines of its kind. */
  readonly first: number;
  readonly at: number;
  readonly lines: readonly ConsoleLogLine[];
}

export interface LogSlice {
  readonly start: number;
  readonly next: number;
  /** Nothing that is known follows. */
  readonly isEnd: boolean;
  readonly spans: readonly LogSpan[];
}

const ResultLog = v.pick(JobResult, ["logs", "logSteps"]);
export type ResultLog = v.InferOutput<typeof ResultLog>;

/** Where a view's blobs are read; undefined for one that is gone or is not what it should be. */
export interface LogBlobs {
  piece(block: PieceBlock): Promise<LogPiece | undefined>;
  result(ref: { readonly hash: Sha256; readonly size: number }): Promise<ResultLog | undefined>;
}

const Lines = v.array(ConsoleLogLine);

export async function sliceOf(view: LogView, { kind, since }: LogPlace, blobs: LogBlobs): Promise<LogSlice> {
  const spans: LogSpan[] = [];
  let start = since;
  let next = since;
  let end = endOf(view, kind);
  let lines = 0;
  let bytes = 0;
  for await (const span of spansOf(view, { kind, since }, blobs)) {
    if (kind !== "all" && span.isBuild !== (kind === "build")) continue;
    const at = kind === "all" ? span.first : span.at;
    end = Math.max(end, at + span.lines.length);
    const known = Math.max(0, next - at);
    if (span.lines.length <= known) continue;
    const isGap = at > next;
    if (isGap && spans.length > 0) return { start, next, isEnd: false, spans };
    if (isGap) start = next = at;
    const taken = take(span.lines, known, { lines: logAnswerLinesMax - lines, bytes: logAnswerBytesMax - bytes });
    if (taken.lines.length === 0) return { start, next, isEnd: false, spans };
    spans.push({ ...span, first: span.first + known, at: span.at + known, lines: taken.lines });
    next += taken.lines.length;
    lines += taken.lines.length;
    bytes += taken.bytes;
    if (known + taken.lines.length < span.lines.length) return { start, next, isEnd: false, spans };
  }
  if (spans.length > 0) return { start, next, isEnd: true, spans };
  // A place beyond the end is one in another run's log.
  const place = Math.min(since, end);
  return { start: place, next: place, isEnd: true, spans };
}

/** How many lines of the kind the rows and pieces lead up to. */
function endOf({ next, built }: LogView, kind: LogKind): number {
  if (kind === "all") return next;
  return kind === "build" ? built : next - built;
}

/** As many lines as there is room for, at least one. */
function take(
  lines: readonly ConsoleLogLine[],
  from: number,
  room: { readonly lines: number; readonly bytes: number },
): { readonly lines: readonly ConsoleLogLine[]; readonly bytes: number } {
  let bytes = 0;
  let to = from;
  while (to < lines.length && to - from < room.lines && (bytes < room.bytes || to === from)) {
    bytes += (lines[to]?.[0].length ?? 0) + logLineOverheadBytes;
    to += 1;
  }
  return { lines: lines.slice(from, to), bytes };
}

async function* spansOf(view: LogView, place: LogPlace, blobs: LogBlobs): AsyncGenerator<LogSpan> {
  const blocks = [...view.pieces, ...view.rows].sort((a, b) => a.first - b.first);
  for (const block of blocks) {
    if ("lines" in block) {
      const parts = [{ step: block.step, lines: v.parse(Lines, JSON.parse(block.lines)) }];
      yield* numbered(parts, block);
    } else if (isWanted(block, place)) {
      const piece = await blobs.piece(block);
      if (piece) yield* numbered(piece, block);
    }
  }
  if (!view.result) return;
  const { result: kept } = view;
  const result = "json" in kept ? v.parse(ResultLog, JSON.parse(kept.json)) : await blobs.result(kept);
  if (result) yield* numbered(partsOf(result), { first: view.next, built: view.built });
}

/** Whether a piece has a line at the place or after it. */
function isWanted({ first, count, built, build }: PieceBlock, { kind, since }: LogPlace): boolean {
  if (kind === "all") return first + count > since;
  return kind === "build" ? built + build > since : first + count - built - build > since;
}

function* numbered(
  parts: LogPiece,
  { first, built }: { readonly first: number; readonly built: number },
): Generator<LogSpan> {
  let number = first;
  let before = built;
  for (const { step, lines } of parts) {
    const building = isBuild(step);
    yield { isBuild: building, first: number, at: building ? before : number - before, lines };
    number += lines.length;
    before += building ? lines.length : 0;
  }
}

/** The lines of a result with their steps; those that no step claims are the container's. */
function partsOf({ logs, logSteps = [] }: ResultLog): LogPiece {
  let from = 0;
  const parts: LogPiece = [];
  for (const [step, count] of logSteps) {
    parts.push({ step, lines: logs.slice(from, from + count) });
    from += count;
  }
  return [...parts, { step: "Running", lines: logs.slice(from) }];
}
