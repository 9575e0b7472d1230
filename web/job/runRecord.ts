// What is remembered of a run: enough to say what it was, to return to it, and to tell two of them apart. Pure.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import * as v from "valibot";
import { JobId } from "../../wire/ids.ts";
import { FinishedReason } from "../../wire/result.ts";
import { encodeJson, isJsonObject, type JsonObject, stableJson } from "../url/codec.ts";
import { parseFragment } from "../url/fragment.ts";
import { isReserved } from "../url/parameters.ts";
import type { ReadyDefinition } from "./definition.ts";
import { commandText, consentKeyOf, imageOf } from "./definition.ts";

/** A file as it was: `digest` is equal for equal contents; `size` in bytes, where it is known. */
const FileMark = v.object({ digest: v.string(), size: v.optional(v.number()) });
type FileMark = v.InferOutput<typeof FileMark>;

export const RunRecord = v.object({
  /** Names this run: of the same job each time it really runs. */
  run: v.string(),
  id: JobId,
  /** Equal for jobs that differ only in inputs and values of the environment. */
  family: v.string(),
  /** Epoch ms of its end. */
  time: v.number(),
  reason: FinishedReason,
  exitCode: v.optional(v.number()),
  durationMs: v.optional(v.number()),
  image: v.string(),
  command: v.string(),
  /** Parameters of the address, as they stood there. */
  parameters: v.record(v.string(), v.string()),
  definition: v.record(v.string(), v.unknown()),
  inputs: v.record(v.string(), FileMark),
  outputs: v.record(v.string(), FileMark),
});
export type RunRecord = v.InferOutput<typeof RunRecord>;

export interface RunFacts extends Pick<RunRecord, "run" | "time" | "reason" | "outputs"> {
  readonly ready: ReadyDefinition;
  readonly hash: string;
  readonly exitCode: number | undefined;
  readonly durationMs: number | undefined;
}

export function runRecordOf({ ready, hash, exitCode, durationMs, ...rest }: RunFacts): RunRecord {
  const { inputs, configFiles, ...definition } = ready.raw;
  return {
    ...rest,
    id: ready.id,
    family: consentKeyOf(ready.template, ""),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(durationMs === undefined ? {} : { durationMs }),
    image: imageOf(ready.definition),
    command: commandText(ready.definition.command),
    parameters: { job: encodeJson(ready.raw), ...jobParameters(hash) },
    definition,
    inputs: { ...marksOf(configFiles), ...marksOf(inputs) },
  };
}

/** The changes of the address that lead back to a run. */
export function returnTo(record: RunRecord, hash: string): Readonly<Record<string, string | undefined>> {
  const gone = Object.keys(jobParameters(hash)).map((name) => [name, undefined] as const);
  return { ...Object.fromEntries(gone), ...record.parameters };
}

/** What decides a job: its definition, its texts, its environment. Queues, flags and permits stay as they are. */
function jobParameters(hash: string): Readonly<Record<string, string>> {
  const ofJob = ["job", "inputs", "maxJobDuration"];
  return Object.fromEntries([...parseFragment(hash).raw].filter(([name]) => ofJob.includes(name) || !isReserved(name)));
}

function marksOf(refs: unknown): Readonly<Record<string, FileMark>> {
  const entries = Object.entries(isJsonObject(refs) ? refs : {});
  return Object.fromEntries(entries.map(([name, ref]) => [name, { digest: digestOf(ref) }]));
}

/** Of a ref's content where it says its hash, else of the ref. */
function digestOf(ref: unknown): string {
  if (isJsonObject(ref) && typeof ref.hash === "string") return ref.hash;
  return bytesToHex(sha256(utf8ToBytes(stableJson(ref))));
}

/** One thing in which two runs differ; undefined where a run has no such thing. */
export interface Difference {
  readonly part: "definition" | "input" | "output" | "end";
  readonly name: string;
  readonly first: string | undefined;
  readonly second: string | undefined;
}

export function differencesOf(first: RunRecord, second: RunRecord): readonly Difference[] {
  return [
    ...differing("definition", leavesOf(first.definition), leavesOf(second.definition)),
    ...differing("input", textsOf(first.inputs), textsOf(second.inputs)),
    ...differing("output", textsOf(first.outputs), textsOf(second.outputs)),
    ...differing("end", endOf(first), endOf(second)),
  ];
}

function differing(
  part: Difference["part"],
  first: ReadonlyMap<string, string>,
  second: ReadonlyMap<string, string>,
): readonly Difference[] {
  return [...new Set([...first.keys(), ...second.keys()])]
    .map((name) => ({ part, name, first: first.get(name), second: second.get(name) }))
    .filter((difference) => difference.first !== difference.second);
}

/** Every value of a definition by its place, like `env.A` or `command.2`. */
function leavesOf(definition: JsonObject): ReadonlyMap<string, string> {
  const leaves = new Map<string, string>();
  const walk = (value: unknown, path: string) => {
    if (typeof value === "object" && value !== null && Object.keys(value).length > 0)
      for (const [key, part] of Object.entries(value)) walk(part, path === "" ? key : `${path}.${key}`);
    else leaves.set(path, typeof value === "string" ? value : JSON.stringify(value));
  };
  for (const [key, part] of Object.entries(definition)) {
    // An empty part says nothing, and is written by some pages and not by others.
    if (!isJsonObject(part) || Object.keys(part).length > 0) walk(part, key);
  }
  return leaves;
}

function textsOf(files: Readonly<Record<string, FileMark>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(files).map(([name, { digest }]) => [name, digest.slice(0, 8)]));
}

function endOf({ reason, exitCode }: RunRecord): ReadonlyMap<string, string> {
  return new Map([["reason", reason], ...(exitCode === undefined ? [] : [["exit code", String(exitCode)] as const])]);
}
