// What a person has chosen about the page itself: which view, how the panes share the width, what lies over them. None of
// it belongs to the job, so none of it is in the address.

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import * as v from "valibot";
import { paneShareMax, paneShareMin } from "../limits.ts";
import type { Page } from "../state/page.ts";

export const viewNames = ["output", "log", "inputs", "settings", "queue", "history"] as const;
export type ViewName = (typeof viewNames)[number];
export const titles: Readonly<Record<ViewName, string>> = {
  output: "Output",
  log: "Log",
  inputs: "Inputs",
  settings: "Settings",
  queue: "Queue",
  history: "History",
};

export type OverlayName = "palette" | "keys" | "share";

export interface Shell {
  /** Two panes: outputs, and another view beside them. */
  readonly isWide: ReadonlySignal<boolean>;
  /** The view in the pane that changes. */
  readonly view: ReadonlySignal<ViewName>;
  readonly outputCount: ReadonlySignal<number>;
  readonly overlay: Signal<OverlayName | undefined>;
  /** The left pane's share of the width. */
  readonly share: ReadonlySignal<number>;
  /** Epoch ms: the log is asked to show what was printed then, or its search. */
  readonly logWish: Signal<LogWish | undefined>;
  show(view: ViewName): void;
  setShare(share: number): void;
}

export type LogWish =
  | { readonly kind: "time"; readonly time: number }
  | { readonly kind: "search" }
  | { readonly kind: "error" };

export interface ViewProps {
  readonly page: Page;
  readonly shell: Shell;
}

const shareKey = "longshore.panes";
const Share = v.pipe(v.unknown(), v.transform(Number), v.number(), v.minValue(paneShareMin), v.maxValue(paneShareMax));

export function createShell(page: Page, view: Window): Shell {
  const wide = view.matchMedia("(min-width: 1000px) and (min-height: 300px)");
  const isWide = signal(wide.matches);
  wide.addEventListener("change", () => {
    isWide.value = wide.matches;
  });
  const stored = v.safeParse(Share, page.browser.storage.get(shareKey) ?? "0.5");
  const share = signal(stored.success ? stored.output : 0.5);
  // Until a person chooses, the page shows what leads.
  const pinned = signal<ViewName | undefined>(undefined);

  const outputCount = computed(() => {
    const result = page.result.value;
    return result?.kind === "ready" ? Object.keys(result.finished.result?.outputs ?? {}).length : 0;
  });
  /** Results before machinery: outputs lead once there are some, the log while it runs and after a failure. */
  const leading = computed<ViewName>(() => {
    if (page.address.parameters.value.terminal) return "log";
    if (outputCount.value > 0) return "output";
    const { tone } = page.status.value;
    return tone === "running" || tone === "bad" ? "log" : "output";
  });

  return {
    isWide,
    outputCount,
    view: computed(() => {
      const chosen = pinned.value ?? leading.value;
      return isWide.value && chosen === "output" ? "log" : chosen;
    }),
    overlay: signal(undefined),
    share,
    logWish: signal(undefined),
    show(name) {
      if (isWide.peek() && name === "output") view.document.getElementById("outputs")?.focus();
      else pinned.value = name;
    },
    setShare(next) {
      share.value = Math.min(paneShareMax, Math.max(paneShareMin, next));
      page.browser.storage.set(shareKey, share.value.toFixed(3));
    },
  };
}
