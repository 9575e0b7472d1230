// Lines that scroll, a million of them: only the rows near the visible ones are in the document. It follows the end for
// as long as a person stays there.

import { type Signal, signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { plainLine } from "../../job/ansi.ts";
import { logFollowPx } from "../../limits.ts";
import type { LogStore } from "../../state/logStore.ts";
import { LogRow, type RowLook } from "./LogRow.tsx";
import { RowLayout, type ShownLines, scrollTopOf, windowAt } from "./layout.ts";

/** What the tools and a list say to each other. */
export interface ListControl {
  readonly isFollowing: Signal<boolean>;
  /** A place in the store that is to be shown, or the end. */
  readonly wish: Signal<number | "end" | undefined>;
}

export function listControl(isFollowing: boolean): ListControl {
  return { isFollowing: signal(isFollowing), wish: signal(undefined) };
}

interface Props extends RowLook {
  readonly label: string;
  readonly store: LogStore;
  /** The number of the store's first line. */
  readonly firstNumber: number;
  readonly version: number;
  readonly shown: ShownLines;
  readonly control: ListControl;
  readonly isWrapped: boolean;
  readonly emptyText: string;
}

export function LogList({ label, store, firstNumber, version, shown, control, isWrapped, emptyText, ...row }: Props) {
  const { isFollowing, wish } = control;
  const box = useRef<HTMLDivElement>(null);
  const view = useSignal({ top: 0, height: 400, columns: 80 });
  const columns = isWrapped ? view.value.columns : undefined;
  const layout = useMemo(
    () => new RowLayout(columns, (at) => plainLine(store.text(shown.index(at))).length),
    [columns, shown, store.generation],
  );
  layout.update(shown.length);
  const { from, to, top, height } = windowAt(layout, view.value.top, view.value.height);

  const look = () => {
    const element = box.current;
    if (!element) return;
    const { scrollTop, clientHeight, clientWidth, scrollHeight } = element;
    isFollowing.value = scrollHeight - scrollTop - clientHeight <= logFollowPx;
    const next = { top: scrollTop, height: clientHeight, columns: columnsIn(element, clientWidth) };
    const now = view.peek();
    if (next.top !== now.top || next.height !== now.height || next.columns !== now.columns) view.value = next;
  };
  const toEnd = () => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  useLayoutEffect(() => {
    // Without lines there is nothing to measure, which would lay out the whole page before it is first painted.
    if (shown.length === 0) return;
    if (isFollowing.peek()) toEnd();
    look();
  }, [version, shown, columns]);
  useLayoutEffect(() => {
    const wanted = wish.value;
    if (wanted === undefined || !box.current) return;
    wish.value = undefined;
    isFollowing.value = wanted === "end";
    if (wanted === "end") toEnd();
    else box.current.scrollTop = scrollTopOf(layout, shown.placeOf(wanted), box.current.clientHeight);
    look();
  }, [wish.value]);
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      if (isFollowing.peek()) toEnd();
      look();
    });
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);

  const rows = [];
  for (let at = from; at < Math.min(to, shown.length); at++) {
    const index = shown.index(at);
    const number = index + 1 + firstNumber;
    rows.push(<LogRow key={number} store={store} at={index} number={number} {...row} />);
  }
  const digits = String(firstNumber + store.length).length;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <div class="log-rows" ref={box} role="log" aria-label={label} aria-live="off" tabIndex={0} onScroll={look}>
      {shown.length === 0 ? <p class="empty">{emptyText}</p> : null}
      <div class="log-space" data-wrap={isWrapped} style={{ height: `${height}px`, "--digits": digits }}>
        <div class="log-window" style={{ transform: `translateY(${top}px)` }}>
          {rows}
        </div>
      </div>
    </div>
  );
}

/** Characters that fit into a row beside number and time. */
function columnsIn(box: HTMLElement, width: number): number {
  const line = box.querySelector(".line");
  if (!(line instanceof HTMLElement)) return 80;
  const left = line.getBoundingClientRect().left - box.getBoundingClientRect().left;
  const style = getComputedStyle(box);
  const context = measuring();
  if (!context) return 80;
  context.font = `${style.fontSize} ${style.fontFamily}`;
  return Math.max(8, Math.floor((width - left - 12) / context.measureText("0").width));
}

let canvas: CanvasRenderingContext2D | null | undefined;

function measuring(): CanvasRenderingContext2D | null {
  if (canvas === undefined) canvas = document.createElement("canvas").getContext("2d");
  return canvas;
}
