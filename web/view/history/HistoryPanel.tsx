// The runs of this frame.

import type { ViewProps } from "../shell.ts";

export function HistoryPanel(_: ViewProps) {
  return <p class="empty">Runs of this page appear here.</p>;
}
