// The runs that this page has shown, remembered across reloads. What keeps them loads when there is something to keep.

import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { ReadyDefinition } from "../job/definition.ts";
import type { RunRecord } from "../job/runRecord.ts";
import type { OutputFiles, ShownRun } from "./outputFiles.ts";
import type { RunStore } from "./runStore.ts";

export type HistoryState =
  | { readonly kind: "loading" }
  /** The browser keeps nothing for this page. */
  | { readonly kind: "unavailable" }
  /** The newest first. */
  | { readonly kind: "ready"; readonly runs: readonly RunRecord[] };

export interface History {
  readonly state: ReadonlySignal<HistoryState>;
  /** Reads what is kept, also by other windows. */
  refresh(): void;
  forgetAll(): void;
}

export interface HistoryFacts {
  readonly ready: ReadonlySignal<ReadyDefinition | undefined>;
  readonly shown: ReadonlySignal<ShownRun | undefined>;
  readonly outputs: OutputFiles;
  readonly location: Pick<Location, "hash">;
}

export function createHistory({ ready, shown, outputs, location }: HistoryFacts): History {
  const state = signal<HistoryState>({ kind: "loading" });
  let opened: Promise<RunStore> | undefined;
  const withStore = async (act: (store: RunStore) => Promise<unknown>) => {
    opened ??= import("./runStore.ts").then((module) => module.openRunStore());
    try {
      const store = await opened;
      await act(store);
      state.value = { kind: "ready", runs: await store.all() };
    } catch {
      // Nothing else of the page depends on it. The next run tries again.
      opened = undefined;
      state.value = { kind: "unavailable" };
    }
  };

  let noted = "";
  effect(() => {
    const run = shown.value;
    const definition = ready.value;
    if (!run || definition?.id !== run.id || run.run === noted) return;
    noted = run.run;
    const { hash } = location;
    const { finished } = run;
    const files = outputs.files
      .peek()
      .map(({ name, hash: digest = "", size }) => [name, { digest, ...(size === undefined ? {} : { size }) }]);
    void withStore(async (store) => {
      const { runRecordOf } = await import("../job/runRecord.ts");
      const record = runRecordOf({
        ready: definition,
        hash,
        run: run.run,
        time: finished.time,
        reason: finished.reason,
        exitCode: finished.result?.StatusCode,
        durationMs: finished.result?.duration,
        outputs: Object.fromEntries(files),
      });
      await store.put(record);
    });
  });

  return {
    state,
    refresh: () => void withStore(async () => {}),
    forgetAll: () => void withStore((store) => store.clear()),
  };
}
