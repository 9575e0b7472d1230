// Everything that can be done from the keyboard or the palette, once.

import type { OverlayName, Shell, ViewName } from "./shell.ts";
import { titles, type ViewProps, viewNames } from "./shell.ts";

export interface PageAction {
  readonly name: string;
  /** A single key without Ctrl, Alt or Meta. */
  readonly key?: string;
  readonly isPossible: boolean;
  readonly act: () => void;
}

export function actionsOf({ page, shell }: ViewProps): readonly PageAction[] {
  const { actions } = page.status.peek();
  const isOf = (...names: readonly (typeof actions)[number][]) => names.some((name) => actions.includes(name));
  const isJob = page.definition.peek().kind !== "empty";
  const inLog = (wish: NonNullable<Shell["logWish"]["value"]>) => () => {
    shell.show("log");
    shell.logWish.value = wish;
  };
  const open = (name: OverlayName) => () => {
    shell.overlay.value = name;
  };
  const flag = (name: "autostart" | "resolverefs" | "terminal" | "debug") => () =>
    page.address.write({ [name]: page.address.parameters.peek()[name] ? undefined : "true" }, true);
  return [
    { name: "Run", key: "r", isPossible: isOf("run", "again"), act: page.run.press },
    { name: "Stop", key: "s", isPossible: isOf("stop"), act: page.run.stop },
    ...viewNames.map((name: ViewName, index) => ({
      name: `Show ${titles[name].toLowerCase()}`,
      key: String(index + 1),
      isPossible: isJob,
      act: () => shell.show(name),
    })),
    { name: "Search the log", key: "/", isPossible: isJob, act: inLog({ kind: "search" }) },
    { name: "Go to the first error in the log", key: "e", isPossible: isJob, act: inLog({ kind: "error" }) },
    { name: "Share", isPossible: isJob, act: open("share") },
    { name: "Run automatically, on or off", isPossible: isJob, act: flag("autostart") },
    { name: "Send values instead of references, on or off", isPossible: isJob, act: flag("resolverefs") },
    { name: "Connect now", isPossible: isOf("retry"), act: page.queue.retryNow },
    { name: "Show the keys", key: "?", isPossible: true, act: open("keys") },
  ];
}

/** Single keys, while nobody types and nothing lies over the page; Ctrl+K or Cmd+K finds an action anywhere. */
export function pressKey(event: KeyboardEvent, props: ViewProps): void {
  const { shell } = props;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    shell.overlay.value = shell.overlay.peek() === "palette" ? undefined : "palette";
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || shell.overlay.peek()) return;
  // The target as it is inside of the editor's own tree.
  if (isTyping(event.composedPath()[0] ?? event.target)) return;
  const action = actionsOf(props).find(({ key, isPossible }) => key === event.key && isPossible);
  if (!action) return;
  event.preventDefault();
  action.act();
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}
