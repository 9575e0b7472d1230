// The views, in the order of their keys. What the first screen needs comes with the page; the others load when opened.

import type { FunctionComponent } from "preact";
import { lazy } from "./lazy.tsx";
import { LogPanel } from "./log/LogPanel.tsx";
import { OutputPanel } from "./output/OutputPanel.tsx";
import type { ViewName, ViewProps } from "./shell.ts";

export const panels: Readonly<Record<ViewName, FunctionComponent<ViewProps>>> = {
  output: OutputPanel,
  log: LogPanel,
  inputs: lazy(async () => (await import("./inputs/InputsPanel.tsx")).InputsPanel),
  settings: lazy(async () => (await import("./settings/SettingsPanel.tsx")).SettingsPanel),
  queue: lazy(async () => (await import("./queue/QueuePanel.tsx")).QueuePanel),
  history: lazy(async () => (await import("./history/HistoryPanel.tsx")).HistoryPanel),
};

export const FailureCard = lazy<ViewProps>(async () => (await import("./failure/FailureCard.tsx")).FailureCard);
export const ResourceCurves = lazy<Pick<ViewProps, "page">>(
  async () => (await import("./resources/ResourceCurves.tsx")).ResourceCurves,
);
export const FirstPage = lazy<ViewProps>(async () => (await import("./first/FirstPage.tsx")).FirstPage);
export const Palette = lazy<ViewProps>(async () => (await import("./overlay/Palette.tsx")).Palette);
export const Keys = lazy<ViewProps>(async () => (await import("./overlay/Keys.tsx")).Keys);
export const Share = lazy<ViewProps>(async () => (await import("./share/Share.tsx")).Share);
