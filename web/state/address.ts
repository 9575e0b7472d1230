// The page's address as state: read live, written with everything kept that is not ours.

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import * as v from "valibot";
import { JobId } from "../../wire/ids.ts";
import { formatFragment, parseFragment, withRaw } from "../url/fragment.ts";
import { type Fault, type Parameters, readParameters } from "../url/parameters.ts";

export interface Address {
  readonly parameters: ReadonlySignal<Parameters>;
  readonly faults: ReadonlySignal<readonly Fault[]>;
  /** A person is in the middle of an edit: nothing starts by itself. */
  readonly isTyping: Signal<boolean>;
  /** Writes what was typed and is not in the address yet. */
  readonly pendingEdit: Signal<(() => void) | undefined>;
  /** The job of the short form `/j/<id>`. */
  readonly shortId: ReadonlySignal<JobId | undefined>;
  /**
   * Sets raw values (undefined removes). A committed edit at top level can be taken back with the browser's Back;
   * inside a frame the history belongs to the page around it.
   */
  write(changes: Readonly<Record<string, string | undefined>>, commit: boolean): void;
}

export function createAddress(view: Window, isFramed: boolean): Address {
  const { location, history } = view;
  const read = () => ({ hash: location.hash, search: location.search, path: location.pathname });
  const current = signal(read());
  const changed = () => {
    const next = read();
    const { hash, search, path } = current.peek();
    if (next.hash !== hash || next.search !== search || next.path !== path) current.value = next;
  };
  view.addEventListener("hashchange", changed);
  view.addEventListener("popstate", changed);

  const result = computed(() => readParameters(current.value.hash, current.value.search));
  return {
    parameters: computed(() => result.value.parameters),
    faults: computed(() => result.value.faults),
    isTyping: signal(false),
    pendingEdit: signal(undefined),
    shortId: computed(() => idOfPath(current.value.path)),
    write(changes, commit) {
      const fragment = formatFragment(withRaw(parseFragment(location.hash), changes));
      // A definition in the fragment is the long form of the address; it lives at the root.
      const path = changes.job !== undefined && idOfPath(location.pathname) ? "/" : location.pathname;
      const url = path + location.search + fragment;
      if (url === location.pathname + location.search + location.hash) return;
      if (commit && !isFramed) history.pushState(null, "", url);
      else history.replaceState(null, "", url);
      // Neither fires an event, and the metapage library tells the host on this one.
      view.dispatchEvent(new HashChangeEvent("hashchange"));
    },
  };
}

function idOfPath(path: string): JobId | undefined {
  const id = v.safeParse(JobId, /^\/j\/([^/]+)\/?$/.exec(path)?.[1]);
  return id.success ? id.output : undefined;
}
