// Malformed JSON by a seed: a value that a schema of the wire describes, with one thing wrong in it. The same seed makes the same.

import * as v from "valibot";
import { JobDefinition } from "../../wire/definition.ts";

/** A seeded random source (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }
}

/** What exists on the server, so that what is malformed may be about it. */
export interface Known {
  readonly queue: string;
  readonly jobs: readonly [string, ...string[]];
  /** Attempts of others, and of the past. */
  readonly attempts: readonly [string, ...string[]];
  readonly blob: string;
}

export const unknownHash = "d".repeat(64);
const text = "x";
const longText = text.repeat(5_000);
const hugeText = text.repeat(1_200_000);
const deep = "[".repeat(100) + "]".repeat(100);

/** Other than what any schema expects, but for some. */
function wrongValue(dice: Dice): unknown {
  // One in hundreds: each is more than a megabyte.
  if (dice.chance(0.003)) return hugeText;
  return dice.pick<() => unknown>([
    () => null,
    () => true,
    () => -1,
    () => 0.5,
    () => 1e308,
    () => 2 ** 53,
    () => "",
    () => longText,
    () => "\u0000\ud800",
    () => [],
    () => [null],
    () => ({}),
    () => JSON.parse('{"__proto__": {"type": "hello"}, "constructor": 1}'),
    () => JSON.parse(deep),
  ])();
}

/** A value as the schema describes it. What only code can check may still be wrong with it. */
export function sample(schema: unknown, dice: Dice, known: Known): unknown {
  const again = (part: unknown) => sample(part, dice, known);
  const list = (key: string) => asList(fieldOf(schema, key));
  const one = (key: string) => {
    const items = list(key);
    return items[dice.below(items.length)];
  };
  switch (fieldOf(schema, "type")) {
    case "object": {
      const entries = Object.entries(fieldOf(schema, "entries") ?? {});
      const kept = entries.filter(([, part]) => fieldOf(part, "type") !== "optional" || dice.chance(0.6));
      return Object.fromEntries(kept.map(([name, part]) => [name, again(part)]));
    }
    case "record":
      return { a: again(fieldOf(schema, "value")) };
    case "array":
      return Array.from({ length: dice.below(3) }, () => again(fieldOf(schema, "item")));
    case "tuple":
      return list("items").map(again);
    case "union":
    case "variant":
      return again(one("options"));
    case "optional":
    case "nullable":
      return again(fieldOf(schema, "wrapped"));
    case "picklist":
      return one("options");
    case "literal":
      return fieldOf(schema, "literal");
    case "boolean":
      return dice.chance(0.5);
    case "number":
      return 1 + dice.below(3);
    case "string":
      return sampleText(schema, dice, known);
    case "unknown":
      return sample(JobDefinition, dice, known);
    default:
      return null;
  }
}

/** The first of some likely texts that the schema takes. */
function sampleText(schema: unknown, dice: Dice, known: Known): string {
  const texts = [
    ...(dice.chance(0.8) ? [dice.pick(known.jobs)] : []),
    unknownHash,
    dice.pick(known.attempts),
    "5m",
    "512m",
    "https://hooks.example/",
    "longshore",
    "longshore".padEnd(64, "-"),
  ];
  // Names and ids are told from other texts by what they refuse.
  const taken = texts.filter((candidate) => accepts(schema, candidate));
  return taken.includes("longshore") ? "longshore" : (taken[0] ?? "");
}

/**
 * JSON text with one fault that `isWellFormed` sees, or text and bytes that are no JSON. `mend` makes of a sample what only code
 * can: a name that is computed, for instance.
 */
export function malformed(
  schema: v.GenericSchema,
  isWellFormed: (value: unknown) => boolean,
  dice: Dice,
  known: Known,
  mend: (value: unknown) => unknown = (value) => value,
): string | Uint8Array {
  if (dice.chance(0.05)) return Uint8Array.from({ length: 1 + dice.below(200) }, () => 128 + dice.below(128));
  const whole = JSON.stringify(mend(wellFormed(schema, isWellFormed, dice, known, mend)));
  if (dice.chance(0.1)) return whole.slice(0, dice.below(whole.length));
  if (dice.chance(0.05)) return dice.pick(["", "null", "[]", "7", '"text"', "{}", "NaN", "[".repeat(20_000), "\u0000"]);
  // A fault that does not matter is none: the next one may.
  for (let fault = 0; fault < 40; fault++) {
    const value: unknown = JSON.parse(whole);
    breakOne(value, dice);
    const broken = JSON.stringify(value);
    if (!isWellFormed(JSON.parse(broken))) return broken;
  }
  return whole.slice(0, -1);
}

/** A value without a fault: what is wrong with it later is the one that was put into it. */
function wellFormed(
  schema: v.GenericSchema,
  isWellFormed: (value: unknown) => boolean,
  dice: Dice,
  known: Known,
  mend: (value: unknown) => unknown,
): unknown {
  for (let tries = 0; tries < 100; tries++) {
    const value = sample(schema, dice, known);
    if (isWellFormed(mend(value))) return value;
  }
  throw new Error("No sample of the schema is well-formed.");
}

/** Replaces or removes one field, anywhere in the value. */
function breakOne(value: unknown, dice: Dice): void {
  const places: [object, string][] = [];
  const visit = (part: unknown): void => {
    if (typeof part !== "object" || part === null) return;
    for (const [key, inner] of Object.entries(part)) {
      places.push([part, key]);
      visit(inner);
    }
  };
  visit(value);
  const [first, ...rest] = places;
  if (!first) return;
  const [owner, key] = dice.pick([first, ...rest]);
  if (dice.chance(0.15)) Reflect.deleteProperty(owner, key);
  else Reflect.set(owner, key, wrongValue(dice));
}

function accepts(schema: unknown, value: unknown): boolean {
  return isSchema(schema) && v.safeParse(schema, value).success;
}

function isSchema(part: unknown): part is v.GenericSchema {
  return fieldOf(part, "kind") === "schema";
}

export function isAccepted(schema: v.GenericSchema): (value: unknown) => boolean {
  return (value) => v.safeParse(schema, value).success;
}

function fieldOf(part: unknown, key: string): unknown {
  return typeof part === "object" && part !== null ? Reflect.get(part, key) : undefined;
}

function asList(part: unknown): readonly unknown[] {
  return Array.isArray(part) ? part : [];
}
