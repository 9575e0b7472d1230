// What a check of this machine finds, and what to do about it.

export interface Finding {
  /** What was looked at, one word. */
  readonly what: string;
  readonly verdict: "ok" | "warning" | "failed";
  /** One sentence. */
  readonly said: string;
  /** What to do, one sentence, where something is wrong. */
  readonly remedy?: string;
}

export function ok(what: string, said: string): Finding {
  return { what, verdict: "ok", said };
}

export function warning(what: string, said: string, remedy: string): Finding {
  return { what, verdict: "warning", said, remedy };
}

export function failed(what: string, said: string, remedy: string): Finding {
  return { what, verdict: "failed", said, remedy };
}

const words = { ok: "ok", warning: "WARNING", failed: "FAILED" } as const;

/** A finding as lines for a terminal. */
export function findingText({ what, verdict, said, remedy }: Finding): string {
  const line = `${words[verdict].padEnd(8)} ${what.padEnd(11)} ${said}`;
  return remedy === undefined ? line : `${line}\n${" ".repeat(21)}${remedy}`;
}
