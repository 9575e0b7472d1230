// ARG and ENV, as far as they decide from where something comes, and the arguments that a definition gives. Pure.

import type { Build } from "../../wire/definition.ts";
import { JobFault } from "../fault.ts";

export type Variables = ReadonlyMap<string, string>;

/** `NAME=value` pairs of an ARG or ENV; a name alone has no value. */
export function assignmentsIn(
  rest: string,
  old: boolean,
): readonly (readonly [name: string, value: string | undefined])[] {
  const plain = /^([A-Za-z_]\w*)\s+([^=\s][\s\S]*)$/.exec(rest);
  if (old && plain && !/^[A-Za-z_]\w*=/.test(rest)) return [[plain[1] ?? "", plain[2]]];
  return [...rest.matchAll(/([A-Za-z_]\w*)(?:=((?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])*))?(?=\s|$)/g)].map(
    ([, name = "", value]) => [name, value === undefined ? undefined : unquoted(value)] as const,
  );
}

/** The word with its variables replaced. Undefined where that is not certain. */
export function expanded(word: string, variables: Variables): string | undefined {
  let certain = !/["'\\]/.test(word);
  const text = word.replace(
    /\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^{}]*))?\})|\$/g,
    (
      found,
      bare: string | undefined,
      braced: string | undefined,
      operator: string | undefined,
      other: string | undefined,
    ) => {
      const name = bare ?? braced;
      if (name === undefined) {
        certain = false;
        return found;
      }
      const value = variables.get(name);
      const isSet = operator?.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
      if (operator?.endsWith("-")) return isSet ? (value ?? "") : simple(other ?? "");
      if (operator?.endsWith("+")) return isSet ? simple(other ?? "") : "";
      return value ?? "";
    },
  );
  function simple(part: string): string {
    if (part.includes("$")) certain = false;
    return part;
  }
  return certain ? text : undefined;
}

function unquoted(value: string): string {
  return value.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g, (_found, double, single, escaped) =>
    double !== undefined ? String(double).replace(/\\(["\\$])/g, "$1") : String(single ?? escaped),
  );
}

/** What newer builders know of a platform by themselves. */
export function platformVariables(platform: string): Map<string, string> {
  const [os = "linux", architecture = "", variant = ""] = platform.split("/");
  return new Map(
    ["TARGET", "BUILD"].flatMap((side) => [
      [`${side}PLATFORM`, platform],
      [`${side}OS`, os],
      [`${side}ARCH`, architecture],
      [`${side}VARIANT`, variant],
    ]),
  );
}

/** The assignment as it was written, quotes and all. */
export function rawAssignment(rest: string, name: string): string {
  const found = new RegExp(`(?:^|\\s)(${name}=(?:"(?:[^"\\\\]|\\\\.)*"|'[^']*'|\\\\.|[^\\s"'\\\\])*)`).exec(rest);
  return found?.[1] ?? name;
}

/** @throws JobFault when one has no value. */
export function argumentsOf({ buildArgs = [] }: Build): ReadonlyMap<string, string> {
  return new Map(
    buildArgs.map((text) => {
      const [, name, value] = /^\s*([A-Za-z_]\w*)=([\s\S]*)$/.exec(text) ?? [];
      if (name === undefined || value === undefined)
        throw new JobFault(
          `The build argument ${JSON.stringify(text.slice(0, 50))} has no value: one looks like VERSION=1.2.`,
        );
      return [name, value];
    }),
  );
}
