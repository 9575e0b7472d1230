// A job's log as its agent prints and seals it, and as scripts read it with a cursor.

import { createHash } from "node:crypto";
import * as v from "valibot";
import type { Held } from "../../wire/agentMessages.ts";
import { checksumHeader, LogAnswer, paths } from "../../wire/http.ts";
import type { JobId } from "../../wire/ids.ts";
import type { LogPiece } from "../../wire/logPiece.ts";
import type { ConsoleLogLine, LogStep } from "../../wire/result.ts";
import { json, type QueueApi } from "./queueApi.ts";
import type { TestAgent } from "./testAgent.ts";

export function linesOf(texts: readonly string[]): ConsoleLogLine[] {
  return texts.map((text) => [text, 1]);
}

export function numbered(count: number, prefix = "line"): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix} ${i}`);
}

export function print(
  agent: TestAgent,
  { job, attempt }: Held,
  first: number,
  texts: readonly string[],
  step: LogStep = "Running",
): void {
  agent.socket.send({ type: "logs", job, attempt, step, first, lines: linesOf(texts) });
}

/** Prints in frames of a size that an agent sends. */
export function printAll(agent: TestAgent, held: Held, first: number, texts: readonly string[]): void {
  for (let i = 0; i < texts.length; i += 5_000) print(agent, held, first + i, texts.slice(i, i + 5_000));
}

/** Uploads as an agent does; returns the key. */
export async function upload(api: QueueApi, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = createHash("sha256").update(bytes).digest();
  const key = digest.toString("hex");
  const headers = { [checksumHeader]: digest.toString("base64") };
  const response = await api.request(paths.blob(key), { method: "PUT", body: bytes, headers });
  if (response.status !== 200) throw new Error(`The upload was answered ${response.status}: ${await response.text()}`);
  return key;
}

/** Stores a piece and tells the queue. */
export async function seal(
  api: QueueApi,
  agent: TestAgent,
  { job, attempt }: Held,
  first: number,
  piece: LogPiece,
): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(piece));
  const hash = await upload(api, bytes);
  const lines = (parts: LogPiece) => parts.reduce((sum, part) => sum + part.lines.length, 0);
  const [count, build] = [lines(piece), lines(piece.filter(({ step }) => step !== "Running"))];
  agent.socket.send({ type: "sealed", job, attempt, first, count, build, hash, size: bytes.length });
}

export async function logAnswer(api: QueueApi, path: string): Promise<LogAnswer> {
  return v.parse(v.strictObject(LogAnswer.entries), await json(await api.request(path)));
}

export interface ReadLog {
  readonly texts: readonly string[];
  /** How many requests it took. */
  readonly answers: number;
  /** Where the first lines began. */
  readonly start: number;
  readonly isFinal: boolean;
}

/** All lines from a cursor on, as a script reads them: request by request, until one has nothing new. */
export async function readLog(
  api: QueueApi,
  id: JobId,
  kind: "build" | "run",
  { since = 0, scoped = true }: { readonly since?: number; readonly scoped?: boolean } = {},
): Promise<ReadLog> {
  const texts: string[] = [];
  let start: number | undefined;
  for (let cursor = since, answers = 1; ; answers++) {
    const path = scoped ? paths.logs(api.queue, id, kind, cursor) : `/j/${id}/${kind}-logs.json?since=${cursor}`;
    const { data, sliceStart, nextCursor, isFinal } = await logAnswer(api, path);
    if (nextCursor - sliceStart !== data.length)
      throw new Error(`${data.length} lines from ${sliceStart} to ${nextCursor}`);
    start ??= sliceStart;
    texts.push(...data.map(([text]) => text));
    if (isFinal || data.length === 0) return { texts, answers, start, isFinal };
    cursor = nextCursor;
  }
}
