// The log: text only, following the end for as long as a person stays there. Of a long log only the rows near the visible
// ones are in the document.

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { logFollowPx, logRowPx, logRowsAllMax, logRowsMargin } from "../../limits.ts";
import type { LogLine } from "../../state/logs.ts";
import type { ViewProps } from "../shell.ts";

export function LogPanel({ page }: ViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const isFollowing = useSignal(true);
  const view = useSignal({ top: 0, height: 0 });
  const version = page.logs.version.value;
  const { lines } = page.logs;
  const { from, to } = windowOf(lines.length, view.value);

  const look = () => {
    const element = box.current;
    if (!element) return;
    isFollowing.value = element.scrollHeight - element.scrollTop - element.clientHeight <= logFollowPx;
    if (lines.length > logRowsAllMax) view.value = { top: element.scrollTop, height: element.clientHeight };
  };
  useLayoutEffect(() => {
    const element = box.current;
    if (element && isFollowing.peek()) element.scrollTop = element.scrollHeight;
    look();
  }, [version]);

  const copy = () => void navigator.clipboard?.writeText(lines.map(({ text }) => text).join("\n"));
  return (
    <section class="log" aria-label="Log">
      <div class="log-head">
        <span class="meta">
          {lines.length === 1 ? "1 line" : `${lines.length.toLocaleString("en")} lines`}
          {isFollowing.value ? "" : " · not following"}
        </span>
        <button type="button" class="quiet" onClick={copy} disabled={lines.length === 0}>
          Copy
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <div class="log-rows" ref={box} role="log" aria-label="Log lines" aria-live="off" tabIndex={0} onScroll={look}>
        {lines.length === 0 ? <p class="empty">What the program prints appears here.</p> : null}
        <div class="log-space" style={{ height: `${from * logRowPx}px` }} />
        {lines.slice(from, to).map((line, index) => (
          <Row key={from + index} line={line} />
        ))}
        <div class="log-space" style={{ height: `${(lines.length - to) * logRowPx}px` }} />
      </div>
    </section>
  );
}

function Row({ line }: { line: LogLine }) {
  return (
    <div
      class="log-row"
      data-kind={line.kind}
      title={line.time > 0 ? new Date(line.time).toLocaleTimeString() : undefined}
    >
      {line.text || " "}
    </div>
  );
}

/** The rows in the document: all of a short log, of a long one those around the visible. */
function windowOf(count: number, { top, height }: { top: number; height: number }): { from: number; to: number } {
  if (count <= logRowsAllMax) return { from: 0, to: count };
  const from = Math.max(0, Math.min(count, Math.floor(top / logRowPx)) - logRowsMargin);
  return { from, to: Math.min(count, from + Math.ceil(height / logRowPx) + 2 * logRowsMargin) };
}
