// A job's definition: everything that decides what runs, and nothing else.

import * as v from "valibot";
import { DataRef } from "./dataRef.ts";
import { JobId } from "./ids.ts";
import { CanonicalFormError, canonicalForm, hashOfCanonical } from "./jobId.ts";
import { definitionBytesMax, envEntriesMax, inputsMax, shortTextCharsMax, tagsMax } from "./limits.ts";
import { ConfigFileName, InputName } from "./paths.ts";
import { sentenceOf } from "./sentence.ts";
import { durationMs, sizeBytes } from "./units.ts";

const shortText = v.pipe(v.string(), v.maxLength(shortTextCharsMax));
const words = v.union([v.string(), v.array(v.string())]);
/** A time as people write it, like "90s" or "1h30m". */
export const Duration = v.pipe(
  v.string(),
  v.check((text) => durationMs(text) !== undefined, "A duration looks like 90s, 5m or 1h30m."),
);
const size = v.pipe(
  v.string(),
  v.check((text) => sizeBytes(text) !== undefined, "A size looks like 512m or 2g."),
);

/** How an image is made. One of `context` (git or archive URL) and `dockerfile` (inline text) is needed. */
export const Build = v.object({
  context: v.optional(shortText),
  buildContext: v.optional(shortText),
  filename: v.optional(shortText),
  target: v.optional(shortText),
  dockerfile: v.optional(v.string()),
  buildArgs: v.optional(v.array(v.string())),
  platform: v.optional(shortText),
});
export type Build = v.InferOutput<typeof Build>;

/** What an agent must offer, and the job may use. `memory` like "4g", `maxDuration` like "10m". */
export const Requirements = v.object({
  cpus: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(4096))),
  gpus: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1024))),
  memory: v.optional(size),
  maxDuration: v.optional(Duration),
});
export type Requirements = v.InferOutput<typeof Requirements>;

const envValue = v.union([v.string(), v.number(), v.boolean()]);
const envName = v.pipe(
  v.string(),
  v.minLength(1, "An environment variable has a name."),
  v.check((name) => !name.includes("=") && !name.includes("\0"), "An environment variable's name has no '=' in it."),
);

/** The definition in its canonical form. Shapes and limits; every field optional but one of `image` and `build`. */
export const JobDefinition = v.pipe(
  v.object({
    v: v.optional(v.number()),
    image: v.optional(v.pipe(shortText, v.minLength(1, "`image` is empty."))),
    build: v.optional(Build),
    command: v.optional(words),
    entrypoint: v.optional(words),
    workdir: v.optional(shortText),
    shmSize: v.optional(size),
    maxDuration: v.optional(Duration),
    tags: v.optional(v.pipe(v.array(shortText), v.maxLength(tagsMax))),
    requirements: v.optional(Requirements),
    env: v.optional(
      v.pipe(
        v.record(envName, envValue),
        v.maxEntries(envEntriesMax, `At most ${envEntriesMax} environment variables.`),
      ),
    ),
    inputs: v.optional(v.pipe(v.record(InputName, DataRef), v.maxEntries(inputsMax, `At most ${inputsMax} inputs.`))),
    configFiles: v.optional(
      v.pipe(v.record(ConfigFileName, DataRef), v.maxEntries(inputsMax, `At most ${inputsMax} config files.`)),
    ),
  }),
  v.check(
    (definition) => definition.image !== undefined || definition.build !== undefined,
    "A definition needs an `image` or a `build`.",
  ),
  v.check(
    ({ build }) => build === undefined || build.context !== undefined || build.dockerfile !== undefined,
    "A `build` needs a `context` or a `dockerfile`.",
  ),
);
export type JobDefinition = v.InferOutput<typeof JobDefinition>;

/** A definition that has been checked: what it is, its exact canonical text, and its id. */
export interface CheckedDefinition {
  readonly id: JobId;
  readonly canonical: string;
  readonly definition: JobDefinition;
}

export type DefinitionCheck =
  | { readonly ok: true; readonly value: CheckedDefinition }
  | { readonly ok: false; readonly status: 400 | 413; readonly error: string };

/** Checks a definition from a stranger and names it. The error is a sentence for the person who sent it. */
export function checkDefinition(raw: unknown): DefinitionCheck {
  let canonical: string;
  try {
    canonical = canonicalForm(raw);
  } catch (error) {
    if (error instanceof CanonicalFormError) return { ok: false, status: 400, error: error.message };
    throw error;
  }
  if (utf8Length(canonical) > definitionBytesMax) {
    const error = `The definition is larger than ${definitionBytesMax} bytes: upload its inputs (PUT /f/:key) and reference them.`;
    return { ok: false, status: 413, error };
  }
  const parsed = v.safeParse(JobDefinition, JSON.parse(canonical));
  if (!parsed.success) return { ok: false, status: 400, error: sentenceOf(parsed.issues) };
  const id = v.parse(JobId, hashOfCanonical(canonical));
  return { ok: true, value: { id, canonical, definition: parsed.output } };
}

/** The time a job may run: the smaller of what the definition says in its two places, else `fallbackMs`. */
export function durationOf(definition: JobDefinition, fallbackMs: number): number {
  const named = [definition.maxDuration, definition.requirements?.maxDuration]
    .map((text) => (text === undefined ? undefined : durationMs(text)))
    .filter((ms) => ms !== undefined);
  return named.length > 0 ? Math.min(...named) : fallbackMs;
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
