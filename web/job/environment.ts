// A job's environment: the address's variables over the definition's own, and what `${name}` in a text stands for.

import { isJsonObject, type JsonObject } from "../url/codec.ts";
import type { Fault } from "../url/parameters.ts";

/** The definition's `env` with the address's variables over it. Names a shell can't read are kept and named. */
export function environmentOf(
  job: JsonObject,
  variables: ReadonlyMap<string, string>,
): { env: JsonObject; faults: readonly Fault[] } {
  const own = isJsonObject(job.env) ? job.env : {};
  const env = Object.fromEntries([...Object.entries(own), ...variables]);
  const faults = Object.keys(env)
    .filter((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    .map((name) => ({
      where: name,
      message:
        "Passed on as it is, but most programs can't read an environment variable of this name (letters, digits and _ only).",
    }));
  return { env, faults };
}

/** Replaces every `${name}` that `values` knows, once: what a value contains is not looked at again. */
export function substituted(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{([^{}]*)\}/g, (all: string, name: string) => values.get(name) ?? all);
}

/**
 * The definition with `${name}` replaced: in `command` by the address's variables (an agent expands those of `env`
 * itself, by the shell's rules), in `build.context` by the whole environment. The given definition stays as it is.
 */
export function withVariables(definition: JsonObject, variables: ReadonlyMap<string, string>): JsonObject {
  const env = new Map(
    Object.entries(isJsonObject(definition.env) ? definition.env : {}).map(([name, value]) => [name, String(value)]),
  );
  const build = definition.build;
  return {
    ...definition,
    ...(definition.command === undefined ? {} : { command: inWords(definition.command, variables) }),
    ...(isJsonObject(build) && typeof build.context === "string"
      ? { build: { ...build, context: substituted(build.context, env) } }
      : {}),
  };
}

function inWords(words: unknown, values: ReadonlyMap<string, string>): unknown {
  if (typeof words === "string") return substituted(words, values);
  return Array.isArray(words) ? words.map((word: unknown) => inWords(word, values)) : words;
}
