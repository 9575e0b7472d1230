// What a job left in /outputs that can come back, found without following a link: regular files, and links to them within the
// folder. Whatever else is there is named to the job's owner.

import { opendir, readlink } from "node:fs/promises";
import { join, posix } from "node:path";
import { relativePathFault } from "../../wire/paths.ts";
import { codeOf } from "../fault.ts";
import { outputsMax, skippedNamesMax } from "../limits.ts";

export interface OutputFile {
  /** Below /outputs. */
  readonly name: string;
  /** The regular file that it is or leads to, below /outputs. */
  readonly source: string;
}

/** What a name can't be in JSON that is parsed anywhere. */
const unusable = new Set(["__proto__", "constructor", "prototype"]);
/** A link that leads to a link, and so on. */
const linksMax = 8;

/** Sorted by name. */
export async function outputFiles(
  folder: string,
  skipped: Skipped,
  signal: AbortSignal,
): Promise<readonly OutputFile[]> {
  const files = new Set<string>();
  const links = new Map<string, string>();
  const folders = [""];
  for (let below = folders.pop(); below !== undefined; below = folders.pop()) {
    signal.throwIfAborted();
    try {
      for await (const entry of await opendir(join(folder, below), { bufferSize: 256 })) {
        const name = below === "" ? entry.name : `${below}/${entry.name}`;
        const fault = nameFault(name);
        if (fault) skipped.add(name, fault);
        else if (entry.isDirectory()) folders.push(name);
        else if (entry.isFile()) files.add(name);
        else if (entry.isSymbolicLink()) links.set(name, await readlink(join(folder, name)));
        else skipped.add(name, "is no regular file");
      }
    } catch (error) {
      if (codeOf(error) !== "EACCES" && codeOf(error) !== "ENAMETOOLONG") throw error;
      if (codeOf(error) === "EACCES") skipped.unreadable(below === "" ? "." : below);
      else skipped.add(below, "lies too deep");
    }
  }
  const found = [...files].map((name): OutputFile => ({ name, source: name }));
  for (const name of links.keys()) {
    const source = sourceOf(name, files, links);
    if (source === undefined) skipped.add(name, "is a link that leads to no file in /outputs");
    else found.push({ name, source });
  }
  found.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name } of found.splice(outputsMax)) skipped.add(name, `is one more than ${outputsMax}`);
  return found;
}

/** Names of what does not come back: the first of them, and how many more there are. */
export class Skipped {
  readonly #note: (text: string) => void;
  #count = 0;
  #reason = "";
  hasUnreadable = false;

  constructor(note: (text: string) => void) {
    this.#note = note;
  }

  add(name: string, why: string): void {
    this.#count += 1;
    this.#reason = why;
    if (this.#count <= skippedNamesMax) this.#note(`Not taken from /outputs: ${JSON.stringify(name)} ${why}.`);
  }

  unreadable(name: string): void {
    this.hasUnreadable = true;
    this.add(name, "can't be read by the agent: make it readable for everyone");
  }

  tell(): void {
    const more = this.#count - skippedNamesMax;
    if (more > 0) this.#note(`Not taken from /outputs: ${more} more; the last one ${this.#reason}.`);
    this.#count = 0;
  }
}

function nameFault(name: string): string | undefined {
  // Node makes U+FFFD of bytes that are no UTF-8: the file would not be found again.
  if (name.includes("\ufffd")) return "has a name that is not UTF-8";
  return relativePathFault(name) ?? (unusable.has(name) ? "has a name that JSON can't have" : undefined);
}

/** Where a link leads, as text alone: nothing on this host is followed. */
function sourceOf(name: string, files: ReadonlySet<string>, links: ReadonlyMap<string, string>): string | undefined {
  let at = name;
  for (let steps = 0; steps < linksMax; steps += 1) {
    const target = links.get(at);
    if (target === undefined) return files.has(at) ? at : undefined;
    const path = posix.resolve("/outputs", posix.dirname(at), target);
    if (!path.startsWith("/outputs/")) return undefined;
    at = path.slice("/outputs/".length);
  }
  return undefined;
}
