// What a COPY or ADD takes: files of the context, of a stage or image, from an address, or a text that it holds itself. Pure.

import { JobFault } from "../fault.ts";
import { type Instruction, wordsOf } from "./dockerfile.ts";
import { expanded, type Variables } from "./variables.ts";

/** What a build gets besides its context, or of its context with another mode. */
export interface Extra {
  /** Where it is in the copied image: for a part of the context the folder that its paths are below. */
  readonly path: string;
  readonly mode: number | undefined;
  readonly from: { readonly url: string } | { readonly text: string } | { readonly context: string };
}

export interface Copy {
  /** A stage or an image. */
  readonly from: string | undefined;
  /** Flags that the engine gets as they are. */
  readonly kept: string;
  /** Sources and target. */
  readonly words: readonly string[];
  readonly target: string;
  /** What the engine is told to do with them. */
  readonly verb: string;
  /** Sources in the context. */
  readonly local: readonly string[];
  readonly foreign: readonly Foreign[];
}

/** An extra, by the name that the instruction calls it. */
interface Foreign extends Omit<Extra, "path"> {
  readonly name: string;
}

/** @throws JobFault with a sentence. */
export function copyOf(
  { name, flags, rest, documents, line }: Instruction,
  variables: Variables,
  unpacks: boolean,
): Copy {
  const kept: string[] = [];
  let from: string | undefined;
  let mode: number | undefined;
  for (const [flag, value] of flags) {
    if (flag === "from" && name === "COPY") from = value;
    else if (flag === "chown") kept.push(`--chown=${value}`);
    else if (flag === "chmod" && modeOf(value, variables) !== undefined) mode = modeOf(value, variables);
    // `link` is only how layers are stored.
    else if (flag !== "link")
      throw new JobFault(
        `Line ${line} of the Dockerfile: ${name} --${flag} can't be used here. A RUN step after it can do the same.`,
      );
  }
  if (from !== undefined && mode !== undefined)
    throw new JobFault(
      `Line ${line} of the Dockerfile: --chmod can't be used here for files of another stage. A RUN step with chmod can do the same.`,
    );
  const words = wordsOf(rest);
  const target = words.at(-1) ?? "";
  if (words.length < 2) throw new JobFault(`Line ${line} of the Dockerfile: ${name} needs what to copy, and where to.`);
  const local: string[] = [];
  const foreign: Foreign[] = [];
  for (const source of from === undefined ? words.slice(0, -1) : []) {
    const document = documents.find((each) => source.startsWith("<<") && nameOf(source) === each.name);
    const url = name === "ADD" ? urlIn(expanded(source, variables) ?? source) : undefined;
    if (document) {
      const text = document.quoted ? document.text : (expanded(document.text, variables) ?? document.text);
      foreign.push({ name: document.name, mode, from: { text } });
    } else if (url) {
      foreign.push({ name: fileNameOf(url), mode, from: { url: url.href } });
    } else if (mode !== undefined) {
      const name = localName(expanded(source, variables), line);
      foreign.push({ name, mode, from: { context: folderOf(name) } });
    } else {
      if (name === "ADD" && !unpacks && archive.test(expanded(source, variables) ?? source))
        throw new JobFault(
          `Line ${line} of the Dockerfile: ADD unpacks archives only where the queue is the operator's own (--trust), since nobody can tell how large they become. COPY it and unpack it with RUN.`,
        );
      // Never an address, whatever a variable holds: the engine would fetch it from the host's network.
      local.push(name === "ADD" ? `./${source.replace(/^\/+/, "")}` : source);
    }
  }
  // Whatever a file is called, COPY does not unpack it.
  const verb = unpacks ? name : "COPY";
  return { from, kept: kept.join(" "), words, target, verb, local, foreign };
}

const archive = /\.(?:tar|tgz|tbz2?|txz|tzst|tar\.\w+)$/i;

function modeOf(text: string, variables: Variables): number | undefined {
  const value = expanded(text, variables) ?? "";
  return /^0?[0-7]{3,4}$/.test(value) ? Number.parseInt(value, 8) : undefined;
}

function localName(source: string | undefined, line: number): string {
  const segments = source?.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments && !segments.includes("..")) return segments.join("/");
  throw new JobFault(`Line ${line} of the Dockerfile: with --chmod it must be plain what is copied.`);
}

/** The part of the context that a pattern can only mean. */
function folderOf(name: string): string {
  const segments = name.split("/");
  const first = segments.findIndex((segment) => /[*?[\\]/.test(segment));
  return (first < 0 ? segments : segments.slice(0, first)).join("/");
}

function nameOf(source: string): string {
  return source.replace(/^<<-?|["']/g, "");
}

function urlIn(text: string): URL | undefined {
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}

function fileNameOf({ pathname }: URL): string {
  const last = pathname.split("/").findLast((part) => part !== "");
  return last === undefined || last === ".." ? "index" : last;
}
