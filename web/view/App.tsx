// The page: status line, timeline, what needs a person, and one view at a time (two where there is room).

import { type Signal, signal } from "@preact/signals";
import type { JSX } from "preact";
import type { Page } from "../state/page.ts";
import { ErrorBoundary } from "./ErrorBoundary.tsx";
import { FirstPage } from "./FirstPage.tsx";
import { InputsPanel } from "./InputsPanel.tsx";
import { Icon } from "./icons.tsx";
import { LogPanel } from "./LogPanel.tsx";
import { Notices } from "./Notices.tsx";
import { OutputPanel } from "./OutputPanel.tsx";
import { QueuePanel } from "./QueuePanel.tsx";
import { SettingsPanel } from "./SettingsPanel.tsx";
import { StatusBar } from "./StatusBar.tsx";
import { Timeline } from "./Timeline.tsx";

const tabs = ["output", "log", "inputs", "settings", "queue"] as const;
export type Tab = (typeof tabs)[number];

const titles: Readonly<Record<Tab, string>> = {
  output: "Output",
  log: "Log",
  inputs: "Inputs",
  settings: "Settings",
  queue: "Queue",
};
const panels: Readonly<Record<Tab, (props: { page: Page }) => JSX.Element>> = {
  output: OutputPanel,
  log: LogPanel,
  inputs: InputsPanel,
  settings: SettingsPanel,
  queue: QueuePanel,
};

/** The view that a person has chosen; until then the page shows what leads. */
const pinned: Signal<Tab | undefined> = signal(undefined);
/** Where there is room the log has a pane of its own. */
const wide = matchMedia("(min-width: 1000px) and (min-height: 300px)");
const isWide = signal(wide.matches);
wide.addEventListener("change", () => {
  isWide.value = wide.matches;
});

export function App({ page }: { page: Page }) {
  if (page.definition.value.kind === "empty" && page.status.value.tone !== "bad")
    return (
      <div class="page">
        <ErrorBoundary part="The notices">
          <Notices page={page} />
        </ErrorBoundary>
        <FirstPage page={page} />
      </div>
    );
  const { menu } = page.address.parameters.value;
  const tab = tabInView(page);
  const Panel = panels[tab];
  return (
    <div class="page" data-tone={page.status.value.tone}>
      <ErrorBoundary part="The status line">
        <StatusBar page={page} />
        <Timeline page={page} />
      </ErrorBoundary>
      <ErrorBoundary part="The notices">
        <Notices page={page} />
      </ErrorBoundary>
      <main class="body" data-menu={menu}>
        {menu === "disabled" ? null : <Rail tab={tab} outputs={outputCount(page)} />}
        {isWide.value ? (
          <ErrorBoundary part="The log">
            <LogPanel page={page} />
          </ErrorBoundary>
        ) : null}
        <section class="panel" role="tabpanel" id="panel" aria-label={titles[tab]} data-tab={tab}>
          <ErrorBoundary key={tab} part={titles[tab]}>
            <Panel page={page} />
          </ErrorBoundary>
        </section>
      </main>
    </div>
  );
}

/** Results before machinery: outputs lead once there are some, the log while it runs and after a failure. */
function tabInView(page: Page): Tab {
  const chosen = pinned.value ?? (page.address.parameters.value.terminal ? "log" : undefined) ?? leading(page);
  return isWide.value && chosen === "log" ? "output" : chosen;
}

function leading(page: Page): Tab {
  const { tone } = page.status.value;
  if (outputCount(page) > 0) return "output";
  return tone === "running" || tone === "bad" ? "log" : "output";
}

function outputCount(page: Page): number {
  const result = page.result.value;
  return result?.kind === "ready" ? Object.keys(result.finished.result?.outputs ?? {}).length : 0;
}

function Rail({ tab, outputs }: { tab: Tab; outputs: number }) {
  const shown = tabs.filter((name) => !(isWide.value && name === "log"));
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = shown[(shown.indexOf(tab) + step + shown.length) % shown.length];
    pinned.value = next;
    // Focus brings it into view where the tabs are a row that scrolls.
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="rail" role="tablist" aria-label="Views" aria-orientation="vertical" onKeyDown={move}>
      {shown.map((name) => (
        <button
          key={name}
          id={`tab-${name}`}
          type="button"
          role="tab"
          aria-selected={name === tab}
          aria-controls="panel"
          tabIndex={name === tab ? 0 : -1}
          onClick={() => (pinned.value = name)}
        >
          <Icon name={name} />
          <span>{titles[name]}</span>
          {name === "output" && outputs > 0 ? <span class="count">{outputs}</span> : null}
        </button>
      ))}
    </div>
  );
}

/** `1` to `5` switch views, `r` runs, `s` stops; not while a person types. */
export function pressKey(event: KeyboardEvent, page: Page): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
  const { actions } = page.status.peek();
  const chosen = tabs[Number(event.key) - 1];
  if (chosen) pinned.value = chosen;
  if (event.key === "r" && (actions.includes("run") || actions.includes("again"))) page.run.press();
  if (event.key === "s" && actions.includes("stop")) page.run.stop();
}
