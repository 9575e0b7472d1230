// The log: text only. All of it, what a build or the program printed, the two streams beside each other, or a build as its
// steps.

import { batch, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { thousands } from "../../job/thousands.ts";
import { lazy } from "../lazy.tsx";
import type { ViewProps } from "../shell.ts";
import type { StepsProps } from "./BuildStepsView.tsx";
import { logChoices } from "./choices.ts";
import { LogList, listControl } from "./LogList.tsx";
import type { RowLook } from "./LogRow.tsx";
import { LogTools } from "./LogTools.tsx";
import { type LogFilter, type LogMode, ShownLines } from "./layout.ts";
import "./log.css";
import { firstError } from "./search.ts";
import { BuildSteps } from "./steps.ts";
import { copyLog, saveLog } from "./takeAway.ts";
import { useSearch } from "./useSearch.ts";

const BuildStepsView = lazy<StepsProps>(async () => (await import("./BuildStepsView.tsx")).BuildStepsView);

const streams = ["stdout", "stderr"] as const;

export function LogPanel({ page, shell }: ViewProps) {
  const { store, version, firstNumber, isReading } = page.logs;
  const field = useRef<HTMLInputElement>(null);
  const choices = useMemo(() => logChoices(page.browser.storage), []);
  const said = useSignal("");
  const target = useSignal(page.address.parameters.peek().line);
  const isLinked = useMemo(() => target.peek() !== undefined, []);
  const [first, second] = useMemo(() => [listControl(!isLinked), listControl(!isLinked)] as const, []);

  const now = version.value;
  const finder = useMemo(() => new BuildSteps(store), [store]);
  const steps = finder.update();
  const isRunning = page.phases.value.some(({ name }) => name === "run");
  const mode = choices.mode.value ?? (steps.length === 0 || isLinked ? "all" : isRunning ? "run" : "build");
  const parts = useMemo(() => filtersOf(mode).map((filter) => new ShownLines(store, filter)), [mode, store]);
  for (const shown of parts) shown.update();
  const count = parts.reduce((sum, { length }) => sum + length, 0);
  const isSteps = mode === "build" && steps.length > 0;

  /** Where the mode does not show it, everything is shown. */
  const showLine = (at: number) => {
    if (isSteps || !parts.some((shown) => shown.has(at))) choices.mode.value = "all";
    for (const { wish } of [first, second]) wish.value = at;
  };
  const search = useSearch(store, now, (at, isFirst) => {
    // Who watches a run is not torn away from its end by what they type.
    const isWatching = page.status.peek().tone === "running" && first.isFollowing.peek();
    if (!isFirst || !isWatching) showLine(at);
  });
  const toError = () => {
    const at = firstError(store);
    said.value = at === undefined ? "Nothing looks like an error" : "";
    if (at === undefined) return;
    target.value = at + 1 + firstNumber.peek();
    showLine(at);
  };
  // A line that the address names is shown as soon as it is here.
  const isTargetPending = useRef(isLinked);
  useEffect(() => {
    const at = (target.peek() ?? 0) - 1 - firstNumber.peek();
    if (!isTargetPending.current || at < 0 || at >= store.length) return;
    isTargetPending.current = false;
    showLine(at);
  }, [now]);
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
  const linkTo = (number: number) =>
    batch(() => {
      target.value = number;
      page.address.write({ mp_line: String(number) }, false);
      said.value = `The address leads to line ${number}`;
    });

  const row: RowLook = {
    times: choices.times.value,
    pattern: search.pattern,
    target: target.value,
    match: search.matches.value[search.current.value],
    onNumber: linkTo,
  };
  // Both streams in the order in which they came.
  const whole = () => new ShownLines(store, mode === "apart" ? "all" : mode);
  const empty = mode === "all" || store.length === 0 ? "What the program prints appears here." : "No such lines.";
  return (
    <section class="log" aria-label="Log">
      <LogTools
        choices={choices}
        mode={mode}
        search={search}
        field={field}
        count={isReading.value ? "reading what was missed" : countText(count)}
        isEmpty={store.length === 0}
        isFollowing={first.isFollowing.value && (mode !== "apart" || second.isFollowing.value)}
        said={said.value}
        onFollow={() => {
          for (const { wish } of [first, second]) wish.value = "end";
        }}
        onError={toError}
        onCopy={async () => {
          said.value = await copyLog(store, whole());
        }}
        onDownload={() => saveLog(store, whole(), `log-${page.ready.peek()?.id.slice(0, 8) ?? "job"}.txt`)}
      />
      {isSteps ? (
        <BuildStepsView
          page={page}
          steps={steps}
          firstNumber={firstNumber.value}
          row={row}
          control={first}
          onShow={showLine}
        />
      ) : (
        <div class="log-lists" data-mode={mode}>
          {parts.map((shown, index) => (
            <div key={shown.filter} class="log-part">
              {mode === "apart" ? (
                <h2>
                  {streams[index]} <span class="meta">{countText(shown.length)}</span>
                </h2>
              ) : null}
              <LogList
                label={mode === "apart" ? `Lines of ${streams[index]}` : "Log lines"}
                store={store}
                firstNumber={firstNumber.value}
                version={now}
                shown={shown}
                control={index === 0 ? first : second}
                isWrapped={choices.isWrapped.value}
                emptyText={empty}
                {...row}
              />
            </div>
          ))}
        </div>
      )}
    </section>
  );
}

function filtersOf(mode: LogMode): readonly LogFilter[] {
  return mode === "apart" ? ["out", "err"] : [mode];
}

function countText(count: number): string {
  return count === 1 ? "1 line" : `${thousands(count)} lines`;
}
