// From what the address says and what came in, the definition that is submitted, its id, and what consent is given for.

import type { DataRef } from "../../wire/dataRef.ts";
import { checkDefinition, type JobDefinition } from "../../wire/definition.ts";
import type { JobId } from "../../wire/ids.ts";
import { canonicalForm, hashOfCanonical } from "../../wire/jobId.ts";
import { isJsonObject, type JsonObject } from "../url/codec.ts";
import type { Fault, Parameters } from "../url/parameters.ts";
import { environmentOf, withVariables } from "./environment.ts";

export type DataRefs = Readonly<Record<string, DataRef>>;

export interface ReadyDefinition {
  readonly id: JobId;
  /** As it is submitted: with what the id doesn't count, like the hashes of refs. */
  readonly raw: JsonObject;
  readonly definition: JobDefinition;
  /** The same before substitution: what a person agrees to. */
  readonly template: JsonObject;
}

export type DefinitionCheck =
  | { readonly ok: true; readonly value: ReadyDefinition; readonly faults: readonly Fault[] }
  | { readonly ok: false; readonly error: string };

/** Builds and checks the definition. `inputs` and `configFiles` are what the metapage and the `inputs` parameter gave. */
export function definitionOf(
  job: JsonObject,
  parameters: Pick<Parameters, "variables" | "maxJobDuration">,
  inputs: DataRefs,
  configFiles: DataRefs,
): DefinitionCheck {
  const { env, faults } = environmentOf(job, parameters.variables);
  const template: JsonObject = {
    ...job,
    env,
    inputs: over(job.inputs, inputs),
    configFiles: over(job.configFiles, configFiles),
    ...(parameters.maxJobDuration === undefined ? {} : { maxDuration: parameters.maxJobDuration }),
  };
  const raw = withVariables(template, parameters.variables);
  const check = checkDefinition(raw);
  if (!check.ok) return { ok: false, error: check.error };
  return { ok: true, value: { id: check.value.id, definition: check.value.definition, raw, template }, faults };
}

/** Names what a person agrees to: the definition, without its inputs and the values of its environment, on one page. */
export function consentKeyOf(template: JsonObject, embedder: string): string {
  const names = Object.keys(part(template, "env")).sort();
  const counted = canonicalForm({ ...template, inputs: {}, env: {} });
  return hashOfCanonical(JSON.stringify([counted, names, embedder]));
}

/** A definition's image, or what it is built from, in a few words. */
export function imageOf(definition: Pick<JobDefinition, "image" | "build">): string {
  const { image, build } = definition;
  if (build) return build.context ?? "an inline Dockerfile";
  return image ?? "";
}

/** A command as a person would type it. */
export function commandText(words: string | readonly string[] | undefined): string {
  if (words === undefined) return "";
  return typeof words === "string" ? words : words.map(shellWord).join(" ");
}

/** One word for a POSIX shell, quoted where it must be: what a person copies must not run anything else. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** What is no object stays, so that the check can name it. */
function over(own: unknown, refs: DataRefs): unknown {
  return own == null || isJsonObject(own) ? { ...(own ?? {}), ...refs } : own;
}

function part(object: JsonObject, field: string): JsonObject {
  const value = object[field];
  return isJsonObject(value) ? value : {};
}
