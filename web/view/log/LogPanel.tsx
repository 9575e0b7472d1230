// The log: text only, following the end for as long as a person stays there. Only the rows near the visible ones are in
// the document.

import { batch, useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { plainLine } from "../../job/ansi.ts";
import { logCopyCharsMax, logFollowPx } from "../../limits.ts";
import type { ViewProps } from "../shell.ts";
import { LogRow } from "./LogRow.tsx";
import { LogTools } from "./LogTools.tsx";
import { RowLayout, ShownLines, scrollTopOf, windowAt } from "./layout.ts";
import "./log.css";
import { logChoices } from "./choices.ts";
import { firstError, queryOf, search } from "./search.ts";

export function LogPanel({ page, shell }: ViewProps) {
  const { store, version, firstNumber, isReading } = page.logs;
  const box = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const choices = useMemo(() => logChoices(page.browser.storage), []);
  const isFollowing = useSignal(true);
  const view = useSignal({ top: 0, height: 400, columns: 80 });
  const said = useSignal("");
  const target = useSignal(page.address.parameters.peek().line);

  const now = version.value;
  const filter = choices.filter.value;
  const columns = choices.isWrapped.value ? view.value.columns : undefined;
  // A log that began anew has other lines under the same numbers.
  const generation = `${page.ready.value?.id} ${firstNumber.value} ${store.length === 0 ? now : ""}`;
  const shown = useMemo(() => new ShownLines(store, filter), [filter, generation, store.length < 2]);
  shown.update();
  const layout = useMemo(
    () => new RowLayout(columns, (at) => plainLine(store.text(shown.index(at))).length),
    [columns, shown],
  );
  layout.update(shown.length);
  const { from, to, top, height } = windowAt(layout, view.value.top, view.value.height);

  const look = () => {
    const element = box.current;
    if (!element) return;
    const { scrollTop, clientHeight, clientWidth, scrollHeight } = element;
    isFollowing.value = scrollHeight - scrollTop - clientHeight <= logFollowPx;
    view.value = { top: scrollTop, height: clientHeight, columns: columnsIn(element, clientWidth) };
  };
  const showLine = (index: number) => {
    const element = box.current;
    if (!element) return;
    isFollowing.value = false;
    element.scrollTop = scrollTopOf(layout, shown.placeOf(index), element.clientHeight);
    look();
  };
  const follow = () => {
    isFollowing.value = true;
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };

  // A line that the address names is shown as soon as it is here.
  const isTargetPending = useRef(target.peek() !== undefined);
  useLayoutEffect(() => {
    const element = box.current;
    const index = target.value === undefined ? -1 : target.value - 1 - firstNumber.value;
    if (isTargetPending.current && index >= 0 && index < store.length) {
      isTargetPending.current = false;
      showLine(index);
    } else if (element && isFollowing.peek() && !isTargetPending.current) element.scrollTop = element.scrollHeight;
    look();
  }, [now, filter, columns]);
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      if (box.current && isFollowing.peek()) box.current.scrollTop = box.current.scrollHeight;
      look();
    });
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);

  const text = useSignal("");
  const query = useComputed(() => queryOf(text.value));
  const matches = useSignal<readonly number[]>([]);
  const current = useSignal(0);
  const step = (by: 1 | -1) => {
    const count = matches.value.length;
    if (count === 0) return;
    current.value = (current.value + by + count) % count;
    showLine(matches.value[current.value] ?? 0);
  };
  useEffect(() => {
    const wanted = query.value;
    if (wanted.kind !== "query") {
      matches.value = [];
      return undefined;
    }
    const stop = new AbortController();
    let isFirst = true;
    void search(store, wanted.pattern, stop.signal, (found) => {
      if (stop.signal.aborted) return;
      matches.value = found;
      if (!isFirst || found.length === 0) return;
      isFirst = false;
      current.value = 0;
      if (!isFollowing.peek() || page.status.peek().tone !== "running") showLine(found[0] ?? 0);
    });
    return () => stop.abort();
  }, [query.value, now]);

  const toError = () => {
    const at = firstError(store);
    if (at === undefined) said.value = "Nothing looks like an error";
    else {
      said.value = "";
      target.value = at + 1 + firstNumber.peek();
      showLine(at);
    }
  };
  useEffect(() => {
    const wish = shell.logWish.value;
    if (!wish) return;
    shell.logWish.value = undefined;
    if (wish.kind === "search") field.current?.focus();
    if (wish.kind === "error") toError();
    if (wish.kind === "time") showLine(lineAtTime(wish.time));
  }, [shell.logWish.value]);
  const lineAtTime = (time: number) => {
    for (let at = 0; at < store.length; at++) if (store.time(at) >= time) return at;
    return Math.max(0, store.length - 1);
  };

  const wholeText = () => {
    const lines: string[] = [];
    for (let at = 0; at < shown.length; at++) lines.push(plainLine(store.text(shown.index(at))));
    return lines.join("\n");
  };
  const copy = async () => {
    if (store.chars > logCopyCharsMax) {
      said.value = "Too long to copy: download it";
      return;
    }
    try {
      await navigator.clipboard.writeText(wholeText());
      said.value = "Copied";
    } catch {
      said.value = "The browser allows no copying here: download it";
    }
  };
  const download = () => {
    const url = URL.createObjectURL(new Blob([wholeText(), "\n"], { type: "text/plain" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `log-${page.ready.peek()?.id.slice(0, 8) ?? "job"}.txt`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url));
  };
  const linkTo = (number: number) =>
    batch(() => {
      target.value = number;
      page.address.write({ mp_line: String(number) }, false);
      said.value = `The address leads to line ${number}`;
    });

  const pattern = query.value.kind === "query" ? query.value.pattern : undefined;
  const matching = new Set(pattern ? matches.value.slice(current.value, current.value + 1) : []);
  const rows = [];
  for (let at = from; at < Math.min(to, shown.length); at++) {
    const index = shown.index(at);
    const number = index + 1 + firstNumber.value;
    rows.push(
      <LogRow
        key={number}
        store={store}
        at={index}
        number={number}
        times={choices.times.value}
        start={store.time(0)}
        pattern={pattern}
        isTarget={number === target.value}
        isMatch={matching.has(index)}
        onNumber={linkTo}
      />,
    );
  }
  const digits = String(firstNumber.value + store.length).length;
  return (
    <section class="log" aria-label="Log">
      <LogTools
        choices={choices}
        search={{ text, isBroken: useComputed(() => query.value.kind === "broken"), matches, current, step }}
        field={field}
        count={countText(shown.length, isReading.value)}
        isEmpty={store.length === 0}
        isFollowing={isFollowing.value}
        said={said.value}
        onFollow={follow}
        onError={toError}
        onCopy={() => void copy()}
        onDownload={download}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <div class="log-rows" ref={box} role="log" aria-label="Log lines" aria-live="off" tabIndex={0} onScroll={look}>
        {shown.length === 0 ? <p class="empty">{emptyText(filter, store.length)}</p> : null}
        <div class="log-space" data-wrap={columns !== undefined} style={{ height: `${height}px`, "--digits": digits }}>
          <div class="log-window" style={{ transform: `translateY(${top}px)` }}>
            {rows}
          </div>
        </div>
      </div>
    </section>
  );
}

function countText(count: number, isReading: boolean): string {
  if (isReading) return "reading what was missed";
  return count === 1 ? "1 line" : `${count.toLocaleString("en")} lines`;
}

function emptyText(filter: string, all: number): string {
  return filter === "all" || all === 0 ? "What the program prints appears here." : "No such lines.";
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
