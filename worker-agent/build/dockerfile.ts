// A Dockerfile as its instructions: continued lines joined, comments gone, here-documents with what they hold. Pure.
// https://docs.docker.com/reference/dockerfile/

import { JobFault } from "../fault.ts";

export interface HereDocument {
  readonly name: string;
  readonly text: string;
  /** Unquoted ones have their variables replaced. */
  readonly quoted: boolean;
}

export interface Instruction {
  /** Of its first line, from 1. */
  readonly line: number;
  /** In capitals. */
  readonly name: string;
  /** `--from=x` as `["from", "x"]`. */
  readonly flags: readonly (readonly [name: string, value: string])[];
  readonly rest: string;
  readonly documents: readonly HereDocument[];
  /** For people: the instruction on one line. */
  readonly shown: string;
}

const names = new Set(
  (
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME " +
    "WORKDIR"
  ).split(" "),
);
const flagged = new Set(["FROM", "RUN", "COPY", "ADD", "HEALTHCHECK"]);
const documented = new Set(["RUN", "COPY", "ADD"]);

/** @throws JobFault with a sentence that names the line. */
export function parseDockerfile(text: string): readonly Instruction[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  refuseEscape(lines);
  const instructions: Instruction[] = [];
  for (let at = 0; at < lines.length; ) {
    const begin = at;
    let joined = "";
    let continued = true;
    for (; continued && at < lines.length; at += 1) {
      const line = lines[at] ?? "";
      // A comment or an empty line within a continued instruction does not end it.
      if (/^\s*(?:#.*)?$/.test(line)) {
        if (joined === "") continued = false;
        continue;
      }
      continued = /\\[ \t]*$/.test(line);
      joined += line.replace(/\\[ \t]*$/, "");
    }
    if (joined.trim() === "") continue;
    const { instruction, end } = instructionOf(joined.trim(), begin + 1, lines, at);
    instructions.push(instruction);
    at = end;
  }
  if (instructions.length === 0)
    throw new JobFault("The Dockerfile is empty: its first instruction names an image, like FROM python:3.12.");
  return instructions;
}

function instructionOf(text: string, line: number, lines: readonly string[], after: number) {
  const [, word = "", rest = ""] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  const name = word.toUpperCase();
  if (!names.has(name))
    throw new JobFault(
      `Line ${line} of the Dockerfile begins with ${JSON.stringify(word.slice(0, 50))}, which is no instruction.`,
    );
  const { flags, rest: words } = flagged.has(name) ? flagsIn(rest) : { flags: [], rest };
  const { documents, end } = documented.has(name) ? documentsOf(words, lines, after) : { documents: [], end: after };
  const shown = `${name} ${rest}`.replace(/\s+/g, " ").trim();
  return { instruction: { line, name, flags, rest: words, documents, shown }, end };
}

function flagsIn(text: string) {
  const flags: [string, string][] = [];
  let rest = text;
  for (;;) {
    const found = /^--([A-Za-z-]+)(?:=(\S*))?(?:\s+|$)/.exec(rest);
    if (!found) return { flags, rest };
    flags.push([found[1] ?? "", found[2] ?? ""]);
    rest = rest.slice(found[0].length);
  }
}

function documentsOf(rest: string, lines: readonly string[], after: number) {
  const documents: HereDocument[] = [];
  let end = after;
  for (const [, dash, quote, name = ""] of rest.matchAll(/(?<!<)<<(-?)(["']?)([A-Za-z_][\w.-]*)\2/g)) {
    const tidy = (line: string) => (dash === "-" ? line.replace(/^\t+/, "") : line);
    const close = lines.findIndex((line, index) => index >= end && tidy(line) === name);
    // Without its end it is no here-document but an operator of the shell.
    if (close < 0) break;
    const text = lines.slice(end, close).map((line) => `${tidy(line)}\n`);
    documents.push({ name, text: text.join(""), quoted: quote !== "" });
    end = close + 1;
  }
  return { documents, end };
}

/** Only Windows needs another one than the backslash. */
function refuseEscape(lines: readonly string[]): void {
  for (const line of lines) {
    const found = /^\s*#\s*([A-Za-z]+)\s*=\s*(\S+)/.exec(line);
    if (!found) return;
    if (found[1]?.toLowerCase() === "escape" && found[2] !== "\\")
      throw new JobFault("The Dockerfile's `# escape=` is for Windows images, which don't run here.");
  }
}

/** The words of a JSON array or of plain text. */
export function wordsOf(rest: string): readonly string[] {
  if (rest.startsWith("[")) {
    try {
      const parsed: unknown = JSON.parse(rest);
      if (Array.isArray(parsed) && parsed.every((word) => typeof word === "string")) return parsed;
    } catch {
      // Then it is plain text that begins with a bracket.
    }
  }
  return rest.split(/\s+/).filter((word) => word !== "");
}

/** Instructions that images bring with them must not name what the agent would have to fetch. */
export function refuseTrigger(text: string, whose: string, unpacks: boolean): void {
  if (
    /^\s*(?:COPY|ADD)\s.*--from=/i.test(text) ||
    /^\s*ADD\s.*(?:\/\/|\$)/i.test(text) ||
    (!unpacks && /^\s*ADD\s/i.test(text))
  )
    throw new JobFault(
      `${whose} has ONBUILD ${text.trim().slice(0, 100)}: what comes from elsewhere must be named where it is used.`,
    );
}

/** What a shell is given for a here-document that is a whole script, with a program of its own to read it perhaps. */
export function scriptOf(text: string, name: string): string {
  if (!text.startsWith("#!")) return text;
  return `f=$(mktemp) && cat >"$f" <<'${name}' && chmod +x "$f" && "$f"\n${text}${name}\n`;
}
