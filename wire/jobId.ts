// The canonical form of a definition and the job id made from it: synchronous, and the same in a browser, in workerd
// and in Node. The rule is the peer's newest; `job-id-vectors.json` pins it.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { jsonDepthMax } from "./limits.ts";

type Json = Readonly<Record<string, unknown>>;

const scalarFields = ["v", "image", "command", "entrypoint", "workdir", "shmSize", "maxDuration", "tags"] as const;
const buildFields = ["context", "buildContext", "filename", "target", "dockerfile", "buildArgs", "platform"] as const;
const requirementFields = ["cpus", "gpus", "maxDuration", "memory"] as const;

/** Environment keys that a parent page injects and that never reach a container or an id. */
export function isInjectedEnvKey(key: string): boolean {
  return /^mp[-_]/.test(key) || injectedEnvKeys.has(key);
}
const injectedEnvKeys: ReadonlySet<string> = new Set([
  "channel",
  "CHANNEL",
  "readonly",
  "edit",
  "parent-metapage-id",
  "fs-path",
]);

export class CanonicalFormError extends Error {}

/** The lowercase hex SHA-256 of a canonical form. */
export function hashOfCanonical(canonical: string): string {
  return bytesToHex(sha256(utf8ToBytes(canonical)));
}

/**
 * The part of a definition that its id counts, as stable JSON. What runs is exactly this.
 * @throws CanonicalFormError with a sentence when the definition has no canonical form.
 */
export function canonicalForm(definition: unknown): string {
  if (!isObject(definition)) throw new CanonicalFormError("A definition is a JSON object.");
  const out: Record<string, unknown> = {};
  for (const field of scalarFields) if (definition[field] != null) out[field] = definition[field];
  put(out, "build", picked(definition, "build", buildFields));
  put(out, "requirements", picked(definition, "requirements", requirementFields));
  put(out, "env", env(definition));
  put(out, "inputs", refs(definition, "inputs"));
  put(out, "configFiles", refs(definition, "configFiles"));
  return stableJson(out, 0);
}

function put(out: Record<string, unknown>, field: string, value: Json) {
  if (Object.keys(value).length > 0) out[field] = value;
}

function part(definition: Json, field: string): Json {
  const value = definition[field] ?? {};
  if (!isObject(value)) throw new CanonicalFormError(`"${field}" is a JSON object.`);
  return value;
}

function picked(definition: Json, field: string, keys: readonly string[]): Json {
  const value = part(definition, field);
  return Object.fromEntries(keys.filter((key) => value[key] != null).map((key) => [key, value[key]]));
}

function env(definition: Json): Json {
  return Object.fromEntries(Object.entries(part(definition, "env")).filter(([key]) => !isInjectedEnvKey(key)));
}

function refs(definition: Json, field: string): Json {
  const entries = Object.entries(part(definition, field)).map(([name, ref]) => {
    if (!isObject(ref)) throw new CanonicalFormError(`"${field}" has no data ref for ${JSON.stringify(name)}.`);
    const value = ref.type === "url" && typeof ref.value === "string" ? stableUrl(ref.value) : ref.value;
    return [name, ref.type == null ? { value } : { type: ref.type, value }] as const;
  });
  return Object.fromEntries(entries);
}

// Signed tails change while the content does not. The bucket is the one that the peer's old links name.
const oldBucket = "https://metaframe-asman-test.s3.us-west-1.amazonaws.com";

function stableUrl(url: string): string {
  const signed = url.indexOf("/presignedurl/");
  if (signed >= 0) return url.slice(0, signed);
  return url.startsWith(oldBucket) ? url.replace(/[?#].*$/s, "") : url;
}

/** JSON without white space, keys sorted by UTF-16 code unit (sorting into an object would move integer-like keys). */
function stableJson(value: unknown, depth: number): string {
  if (depth > jsonDepthMax) throw new CanonicalFormError(`A definition is nested at most ${jsonDepthMax} deep.`);
  if (Array.isArray(value)) return `[${value.map((item) => stableJson(item, depth + 1)).join(",")}]`;
  if (isObject(value)) {
    const fields = Object.keys(value)
      .filter((key) => value[key] !== undefined)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${stableJson(value[key], depth + 1)}`);
    return `{${fields.join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
