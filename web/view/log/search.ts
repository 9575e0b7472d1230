// Looks for words or a pattern in a log, a part at a time so that the page stays awake.

import { plainLine } from "../../job/ansi.ts";
import { logSearchLines } from "../../limits.ts";
import type { LogStore } from "../../state/logStore.ts";

export type Query =
  | { readonly kind: "none" }
  | { readonly kind: "broken" }
  | { readonly kind: "query"; readonly pattern: RegExp };

/** `/…/` is a regular expression, anything else words as they stand; capitals don't count. */
export function queryOf(text: string): Query {
  if (text === "") return { kind: "none" };
  const regular = /^\/(.+)\/$/.exec(text)?.[1];
  try {
    const source = regular ?? text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const pattern = new RegExp(source, "gi");
    // A pattern that matches nothing at all matches everywhere.
    return pattern.test("") ? { kind: "broken" } : { kind: "query", pattern };
  } catch {
    return { kind: "broken" };
  }
}

/** Searches from a place on. Tells, part by part, the places of the lines that match and how far it has come. */
export async function search(
  store: LogStore,
  pattern: RegExp,
  start: number,
  signal: AbortSignal,
  tell: (matches: readonly number[], to: number) => void,
): Promise<void> {
  for (let from = start; from < store.length; from += logSearchLines) {
    const to = Math.min(store.length, from + logSearchLines);
    const matches: number[] = [];
    for (let at = from; at < to; at++) {
      pattern.lastIndex = 0;
      if (pattern.test(plainLine(store.text(at)))) matches.push(at);
    }
    tell(matches, to);
    await new Promise((resolve) => setTimeout(resolve));
    if (signal.aborted) return;
  }
}

/** What looks like the reason of a failure: on stderr first, else anywhere. Undefined when nothing does. */
export function firstError(store: LogStore): number | undefined {
  const pattern = /\b(?:error|exception|traceback|fatal|panic|failed|failure|cannot|not found|denied|killed)\b/i;
  let anywhere: number | undefined;
  for (let at = 0; at < store.length; at++) {
    if (!pattern.test(store.text(at))) continue;
    if (store.kind(at) === "err") return at;
    anywhere ??= at;
  }
  return anywhere;
}
