// The search in a log: what is looked for, where it was found, which match is in view. A log that grows is searched on.

import { type ReadonlySignal, type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { logMatchesMax } from "../../limits.ts";
import type { LogStore } from "../../state/logStore.ts";
import { queryOf, search } from "./search.ts";

export interface LogSearch {
  readonly text: Signal<string>;
  readonly isBroken: ReadonlySignal<boolean>;
  readonly pattern: RegExp | undefined;
  /** Places of the matching lines in the store. */
  readonly matches: ReadonlySignal<readonly number[]>;
  /** Which of them is in view. */
  readonly current: ReadonlySignal<number>;
  step(by: 1 | -1): void;
}

export function useSearch(store: LogStore, version: number, show: (at: number, isFirst: boolean) => void): LogSearch {
  const text = useSignal("");
  const query = useComputed(() => queryOf(text.value));
  const matches = useSignal<readonly number[]>([]);
  const current = useSignal(0);
  const searched = useRef(0);
  const wanted = query.value;

  useEffect(() => {
    matches.value = [];
    current.value = 0;
    searched.current = 0;
  }, [wanted, store.generation]);
  useEffect(() => {
    if (wanted.kind !== "query" || matches.peek().length >= logMatchesMax) return undefined;
    const stop = new AbortController();
    void search(store, wanted.pattern, searched.current, stop.signal, (found, to) => {
      if (stop.signal.aborted) return;
      searched.current = to;
      const isFirst = matches.peek().length === 0 && found.length > 0;
      if (found.length > 0) matches.value = [...matches.peek(), ...found];
      if (isFirst) show(found[0] ?? 0, true);
      if (matches.peek().length >= logMatchesMax) stop.abort();
    });
    return () => stop.abort();
  }, [wanted, version]);

  return {
    text,
    isBroken: useComputed(() => query.value.kind === "broken"),
    pattern: wanted.kind === "query" ? wanted.pattern : undefined,
    matches,
    current,
    step(by) {
      const count = matches.value.length;
      if (count === 0) return;
      current.value = (current.value + by + count) % count;
      show(matches.value[current.value] ?? 0, false);
    },
  };
}
