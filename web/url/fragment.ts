// The shape of a fragment, `#<prehash>?<key>=<value>&…`. Values are kept as they stand, so that writing one parameter
// leaves every other one, known or not, exactly as it was.

export interface Fragment {
  readonly prehash: string;
  /** Raw values, in the order they were written. */
  readonly raw: ReadonlyMap<string, string>;
}

/** Reads any text. The last of two equal keys counts, a key without `=` is empty, further `?` are literal. */
export function parseFragment(hash: string): Fragment {
  const text = hash.replace(/^#+/, "");
  const question = text.indexOf("?");
  if (question < 0) return { prehash: text, raw: new Map() };
  const raw = new Map<string, string>();
  for (const pair of text.slice(question + 1).split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    if (equals < 0) raw.set(pair, "");
    else raw.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return { prehash: text.slice(0, question), raw };
}

/** The text of a fragment, keys sorted as hosts that rewrite it sort them. Empty when there is nothing to say. */
export function formatFragment({ prehash, raw }: Fragment): string {
  if (raw.size === 0) return prehash === "" ? "" : `#${prehash}`;
  const pairs = [...raw].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`);
  return `#${prehash}?${pairs.join("&")}`;
}

/** The same fragment with some raw values set, or removed where undefined. */
export function withRaw(fragment: Fragment, changes: Readonly<Record<string, string | undefined>>): Fragment {
  const raw = new Map(fragment.raw);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) raw.delete(key);
    else raw.set(key, value);
  }
  return { prehash: fragment.prehash, raw };
}
