// Changes to a job definition as it stands in the address: one field at a time, everything else as it was.

import { frameAllow } from "../frame/allow.ts";
import { isJsonObject, type JsonObject } from "../url/codec.ts";

/** The definition with the field at a path set, or removed where undefined. Objects that become empty are removed. */
export function withField(job: JsonObject, path: readonly string[], value: unknown): JsonObject {
  const [name, ...rest] = path;
  if (name === undefined) return job;
  const inner = rest.length > 0 ? withField(partOf(job, name), rest, value) : value;
  const isGone = inner === undefined || (rest.length > 0 && isJsonObject(inner) && Object.keys(inner).length === 0);
  const { [name]: _, ...others } = job;
  // The order of fields is kept: a person compares links.
  if (isGone) return others;
  return name in job ? { ...job, [name]: inner } : { ...others, [name]: inner };
}

/** An image and a build exclude each other. */
export function withSource(job: JsonObject, kind: "image" | "build", remembered: unknown): JsonObject {
  const { image: _image, build: _build, ...rest } = job;
  return kind === "image"
    ? { ...rest, image: typeof remembered === "string" ? remembered : "" }
    : { ...rest, build: isJsonObject(remembered) ? remembered : { dockerfile: "FROM " } };
}

export function partOf(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return isJsonObject(value) ? value : {};
}

/** A field as text; what is no text reads as it would be typed. */
export function textAt(job: JsonObject, path: readonly string[]): string {
  let value: unknown = job;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : Array.isArray(value) ? value.join(", ") : String(value);
}

/** Words between commas; undefined when there are none. */
export function listOf(text: string): readonly string[] | undefined {
  const words = text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  return words.length > 0 ? words : undefined;
}

/**
 * A frame's own definition with these pipes declared; undefined when none are left. Once an address has one, its page reads
 * nothing else: what the frame may do must be in it as well.
 */
export function withPipes(declared: JsonObject, kind: "inputs" | "outputs", pipes: JsonObject): JsonObject | undefined {
  const next: JsonObject = { version: "2", allow: frameAllow, ...declared, [kind]: pipes };
  return ["inputs", "outputs"].every((name) => Object.keys(partOf(next, name)).length === 0) ? undefined : next;
}

/** Where a variable of the environment comes from. The address wins over the definition. */
export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly source: "address" | "definition";
  /** The definition has it too, and loses. */
  readonly isOverriding: boolean;
}

export function variablesOf(job: JsonObject, address: ReadonlyMap<string, string>): readonly Variable[] {
  const own = Object.entries(partOf(job, "env"));
  return [
    ...[...address].map(([name, value]) => ({
      name,
      value,
      source: "address" as const,
      isOverriding: own.some(([other]) => other === name),
    })),
    ...own
      .filter(([name]) => !address.has(name))
      .map(([name, value]) => ({ name, value: String(value), source: "definition" as const, isOverriding: false })),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
}
