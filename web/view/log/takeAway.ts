// A log taken elsewhere: as plain text, copied or saved. Answers with what there is to say about it.

import { plainLine } from "../../job/ansi.ts";
import { logCopyCharsMax } from "../../limits.ts";
import type { LogStore } from "../../state/logStore.ts";
import type { ShownLines } from "./layout.ts";

export async function copyLog(store: LogStore, shown: ShownLines): Promise<string> {
  if (store.chars > logCopyCharsMax) return "Too long to copy: download it";
  try {
    await navigator.clipboard.writeText(textOf(store, shown));
    return "Copied";
  } catch {
    return "The browser allows no copying here: download it";
  }
}

export function saveLog(store: LogStore, shown: ShownLines, name: string): void {
  const url = URL.createObjectURL(new Blob([textOf(store, shown), "\n"], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url));
}

function textOf(store: LogStore, shown: ShownLines): string {
  shown.update();
  const lines: string[] = [];
  for (let at = 0; at < shown.length; at++) lines.push(plainLine(store.text(shown.index(at))));
  return lines.join("\n");
}
