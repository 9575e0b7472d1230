// A build as its steps: one line for each with its time; the one that runs or has failed lies open.

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { buildLinesShown, logFollowPx } from "../../limits.ts";
import type { Page } from "../../state/page.ts";
import type { Tone } from "../../state/status.ts";
import { durationText } from "../../state/status.ts";
import { Clock } from "../Clock.tsx";
import { ToneIcon } from "../icons.tsx";
import type { ListControl } from "./LogList.tsx";
import { LogRow, type RowLook } from "./LogRow.tsx";
import "./steps.css";
import { thousands } from "../../job/thousands.ts";
import type { BuildStep } from "./steps.ts";

export interface StepsProps {
  readonly page: Page;
  readonly steps: readonly BuildStep[];
  readonly firstNumber: number;
  readonly row: RowLook;
  readonly control: ListControl;
  /** Leads to a line, by its place in the store. */
  readonly onShow: (at: number) => void;
}

type StepState = "done" | "cached" | "running" | "failed" | "stopped";

export function BuildStepsView({ page, steps, firstNumber, row, control, onShow }: StepsProps) {
  const list = useRef<HTMLOListElement>(null);
  /** What a person has opened or closed. */
  const choices = useSignal<ReadonlyMap<number, boolean>>(new Map());
  const end = page.phases.value.find(({ name }) => name === "image")?.to;
  const isBuilt = page.phases.value.some(({ name }) => name === "run");
  const { tone } = page.status.value;
  const { isFollowing, wish } = control;
  const count = page.logs.version.value;
  useLayoutEffect(() => {
    if (wish.value === "end") {
      isFollowing.value = true;
      wish.value = undefined;
    }
    if (list.current && isFollowing.peek()) list.current.scrollTop = list.current.scrollHeight;
  }, [count, wish.value]);
  const look = () => {
    const { scrollTop = 0, clientHeight = 0, scrollHeight = 0 } = list.current ?? {};
    isFollowing.value = scrollHeight - scrollTop - clientHeight <= logFollowPx;
  };
  return (
    <ol ref={list} class="steps" aria-label="Build steps" onScroll={look}>
      {steps.map((step, index) => {
        const isLast = index === steps.length - 1;
        const state = isLast && !isBuilt ? lastState(step, tone) : step.isCached ? "cached" : "done";
        const isOpen = choices.value.get(step.number) ?? (state === "running" || state === "failed");
        const to = step.to ?? end;
        return (
          <li key={step.number} data-state={state}>
            <button
              type="button"
              class="step"
              aria-expanded={isOpen}
              onClick={() => (choices.value = new Map(choices.value).set(step.number, !isOpen))}
            >
              <ToneIcon tone={tones[state]} />
              <span class="meta">
                {step.number} of {step.total}
              </span>
              <code>{step.text}</code>
              <span class="meta">{state === "running" ? <Clock since={step.from} /> : timeText(step, state, to)}</span>
            </button>
            {isOpen ? <StepLines store={page.logs.store} {...{ step, firstNumber, row, onShow }} /> : null}
          </li>
        );
      })}
    </ol>
  );
}

const tones: Readonly<Record<StepState, Tone>> = {
  done: "good",
  cached: "good",
  running: "running",
  failed: "bad",
  stopped: "idle",
};

/** The last step of a build after which nothing has run. */
function lastState({ isCached }: BuildStep, tone: Tone): StepState {
  if (tone === "running" || tone === "waiting") return isCached ? "cached" : "running";
  return tone === "bad" ? "failed" : "stopped";
}

function timeText({ from }: BuildStep, state: StepState, to: number | undefined): string {
  if (state === "cached") return "done before";
  const time = to === undefined || from === 0 ? "" : durationText(Math.max(0, to - from));
  if (state === "done") return time;
  return time === "" ? state : `${state} after ${time}`;
}

interface LinesProps extends Pick<StepsProps, "firstNumber" | "row" | "onShow"> {
  readonly store: Page["logs"]["store"];
  readonly step: BuildStep;
}

function StepLines({ store, step, firstNumber, row, onShow }: LinesProps) {
  const { lines } = step;
  const [first] = lines;
  if (first === undefined) return <p class="hint">It printed nothing.</p>;
  const shown = lines.slice(-buildLinesShown);
  return (
    <div class="step-lines" style={{ "--digits": String(firstNumber + store.length).length }}>
      {shown.length < lines.length ? (
        <button type="button" class="quiet" onClick={() => onShow(first)}>
          All {thousands(lines.length)} lines
        </button>
      ) : null}
      {shown.map((at) => (
        <LogRow key={at} store={store} at={at} number={at + 1 + firstNumber} {...row} />
      ))}
    </div>
  );
}
