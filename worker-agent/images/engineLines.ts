// The JSON lines in which an engine tells how a pull or a build goes. A failure comes as one of them, after a status of 200.

import type { Readable } from "node:stream";
import * as v from "valibot";
import { codeOf, EngineLost } from "../fault.ts";

/** What does not fit the schema is left out. Silence for longer than `silenceMs`, if given, ends it with an error. */
export async function* linesOf<const Schema extends v.GenericSchema>(
  stream: Readable,
  schema: Schema,
  silenceMs?: number,
): AsyncGenerator<v.InferOutput<Schema>> {
  const silent = () => stream.destroy(new Error(`nothing came for ${(silenceMs ?? 0) / 1000} s`));
  const listen = () => (silenceMs === undefined ? undefined : setTimeout(silent, silenceMs));
  let timer = listen();
  let pending = "";
  try {
    stream.setEncoding("utf8");
    for await (const chunk of wholly(stream)) {
      clearTimeout(timer);
      timer = listen();
      pending += String(chunk);
      const lines = pending.split("\n");
      pending = lines.pop() ?? "";
      for (const line of lines) yield* parsed(line, schema);
    }
    yield* parsed(pending, schema);
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
}

/** @throws EngineLost where the engine goes away in the middle of its answer. */
async function* wholly(stream: Readable): AsyncGenerator<unknown> {
  try {
    yield* stream;
  } catch (error) {
    if (codeOf(error) !== "ECONNRESET") throw error;
    throw new EngineLost("The Docker engine went away in the middle of its answer.", { cause: error });
  }
}

function parsed<Schema extends v.GenericSchema>(line: string, schema: Schema): v.InferOutput<Schema>[] {
  if (line.trim() === "") return [];
  try {
    const result = v.safeParse(schema, JSON.parse(line));
    return result.success ? [result.output] : [];
  } catch {
    // Not an event of ours; what counts is the one that says how it ended.
    return [];
  }
}
