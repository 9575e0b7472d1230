// What a COPY or ADD takes: files of the context, of a stage or image, from an address, or a text that it holds itself. Pure.

import { JobFault } from "../fault.ts";
import { type Instruction, wordsOf } from "./dockerfile.ts";
import { expanded, type Variables } from "./variables.ts";

/** A file that a build gets besides its context. */
export interface ExtraFile {
  readonly path: string;
  readonly from: { readonly url: string } | { readonly text: string };
}

export interface Copy {
  /** A stage or an image. */
  readonly from: string | undefined;
  /** Flags that the engine gets as they are. */
  readonly kept: string;
  /** Sources and target. */
  readonly words: readonly string[];
  readonly target: string;
  /** Sources in the context. */
  readonly local: readonly string[];
  readonly foreign: readonly ExtraFile[];
}

/** @throws JobFault with a sentence. */
export function copyOf({ name, flags, rest, documents, line }: Instruction, variables: Variables): Copy {
  const kept: string[] = [];
  let from: string | undefined;
  for (const [flag, value] of flags) {
    if (flag === "from" && name === "COPY") from = value;
    else if (flag === "chown") kept.push(`--chown=${value}`);
    // `link` is only how layers are stored.
    else if (flag !== "link")
      throw new JobFault(
        `Line ${line} of the Dockerfile: ${name} --${flag} can't be used here. A RUN step after it can do the same.`,
      );
  }
  const words = wordsOf(rest);
  const target = words.at(-1) ?? "";
  if (words.length < 2) throw new JobFault(`Line ${line} of the Dockerfile: ${name} needs what to copy, and where to.`);
  const local: string[] = [];
  const foreign: ExtraFile[] = [];
  for (const source of from === undefined ? words.slice(0, -1) : []) {
    const document = documents.find((each) => source.startsWith("<<") && nameOf(source) === each.name);
    const url = name === "ADD" ? urlIn(expanded(source, variables) ?? source) : undefined;
    if (document) {
      const text = document.quoted ? document.text : (expanded(document.text, variables) ?? document.text);
      foreign.push({ path: document.name, from: { text } });
    } else if (url) {
      foreign.push({ path: fileNameOf(url), from: { url: url.href } });
    } else {
      // Never an address, whatever a variable holds: the engine would fetch it from the host's network.
      local.push(name === "ADD" ? `./${source.replace(/^\/+/, "")}` : source);
    }
  }
  return { from, kept: kept.join(" "), words, target, local, foreign };
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
