// Waiting for a state, with a limit; a failure says what was seen last.

import { answerMs, lookEveryMs } from "../limits.ts";

/** Looks until `isThere` accepts what it sees. A look that throws counts as seen, and not as there. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  isThere: (seen: T) => boolean,
  limitMs: number = answerMs,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    let last: unknown;
    try {
      const seen = await look();
      if (isThere(seen)) return seen;
      last = seen;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`Waited ${limitMs} ms for ${what}. Last seen: ${shown(last)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

/** The promise's value, or an error that says what did not come and what was seen last. */
export async function within<T>(
  what: string,
  promise: Promise<T>,
  lastSeen: () => unknown,
  limitMs: number = answerMs,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Waited ${limitMs} ms for ${what}. Last seen: ${shown(lastSeen())}`)),
      limitMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function shown(value: unknown): string {
  if (value instanceof Error) return value.stack ?? String(value);
  return typeof value === "string" ? value : (JSON.stringify(value, null, 1) ?? String(value));
}
