// Parts of the page that load when they are first shown, or when the page has nothing else to do: then they are there
// also without a network.

import { useSignal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";

/** Every lazy part's loader, for `prefetchAll`. */
const loaders = new Set<() => Promise<unknown>>();

export function lazy<Props extends object>(load: () => Promise<FunctionComponent<Props>>): FunctionComponent<Props> {
  let loaded: FunctionComponent<Props> | undefined;
  const fetchPart = async () => {
    loaded ??= await load();
    return loaded;
  };
  loaders.add(fetchPart);
  return function Lazy(props: Props) {
    const state = useSignal<"loading" | "ready" | "failed">(loaded ? "ready" : "loading");
    const attempt = useSignal(0);
    useEffect(() => {
      let isShown = true;
      fetchPart().then(
        () => {
          if (isShown) state.value = "ready";
        },
        () => {
          if (isShown) state.value = "failed";
        },
      );
      return () => {
        isShown = false;
      };
    }, [attempt.value]);
    if (loaded && state.value === "ready") {
      const Part = loaded;
      return <Part {...props} />;
    }
    if (state.value === "loading") return <p class="empty">Loading</p>;
    const again = () => {
      state.value = "loading";
      attempt.value++;
    };
    return (
      <div class="empty" role="alert">
        <p>This part of the page could not be loaded: its server does not answer, or has a newer page.</p>
        <p class="actions">
          <button type="button" onClick={again}>
            Try again
          </button>
          <button type="button" onClick={() => location.reload()}>
            Reload the page
          </button>
        </p>
      </div>
    );
  };
}

/** Fetches what has not been shown yet, one part after the other, once the page is quiet. */
export function prefetchWhenIdle(view: Window): void {
  const rest = [...loaders];
  const next = () => {
    const load = rest.shift();
    // What can't be fetched now is tried again when it is shown.
    if (load) load().then(soon, soon);
  };
  const soon = () => {
    if ("requestIdleCallback" in view) view.requestIdleCallback(next);
    else setTimeout(next);
  };
  const start = () => soon();
  if (view.document.readyState === "complete") start();
  else view.addEventListener("load", start, { once: true });
}
