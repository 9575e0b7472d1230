// A list of short texts that this browser remembers for its pages, the newest of them. Other windows of it add to the same.

import * as v from "valibot";
import type { KeyValues } from "./browser.ts";

export interface Remembered {
  has(text: string): boolean;
  add(text: string): void;
}

const Texts = v.array(v.string());

export function createRemembered(storage: KeyValues, key: string, countMax: number): Remembered {
  let last: { readonly json: string | undefined; readonly texts: ReadonlySet<string> } = {
    json: undefined,
    texts: new Set(),
  };
  const read = () => {
    const json = storage.get(key);
    if (json !== last.json) last = { json, texts: new Set(textsIn(json)) };
    return last.texts;
  };
  return {
    has: (text) => read().has(text),
    add(text) {
      const others = [...read()].filter((other) => other !== text);
      storage.set(key, JSON.stringify([...others, text].slice(-countMax)));
    },
  };
}

function textsIn(json: string | undefined): readonly string[] {
  try {
    const parsed = v.safeParse(Texts, JSON.parse(json ?? "[]"));
    return parsed.success ? parsed.output : [];
  } catch {
    // Somebody else's: it is written over.
    return [];
  }
}
