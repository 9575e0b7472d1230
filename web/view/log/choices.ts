// How a person likes to read logs, remembered.

import { effect, signal } from "@preact/signals";
import * as v from "valibot";
import type { KeyValues } from "../../state/browser.ts";
import type { LogChoices } from "./LogTools.tsx";
import type { LogMode } from "./layout.ts";

const key = "longshore.log";
const Stored = v.object({ isWrapped: v.boolean(), times: v.picklist(["none", "clock", "since"]) });

export function logChoices(storage: KeyValues): LogChoices {
  const stored = read(storage.get(key));
  const isWrapped = signal(stored.isWrapped);
  const times = signal(stored.times);
  effect(() => storage.set(key, JSON.stringify({ isWrapped: isWrapped.value, times: times.value })));
  // What is chosen to be shown belongs to the log in view, not to the person.
  return { mode: signal<LogMode | undefined>(undefined), isWrapped, times };
}

function read(text: string | undefined): v.InferOutput<typeof Stored> {
  try {
    return v.parse(Stored, JSON.parse(text ?? ""));
  } catch {
    // Nothing stored, or by an older page.
    return { isWrapped: false, times: "none" };
  }
}
