// The phases of a run, each always in its place, with its time once it is known.

import type { Amount } from "../../wire/result.ts";
import type { Page } from "../state/page.ts";
import type { Phase } from "../state/phases.ts";
import { amountText, durationText } from "../state/status.ts";
import { Clock } from "./Clock.tsx";
import "./timeline.css";

const names = { queued: "queued", inputs: "inputs", image: "image", run: "run", outputs: "outputs" } as const;
const order = ["queued", "inputs", "image", "run", "outputs"] as const;

export function Timeline({ page, onPhase }: { page: Page; onPhase: (time: number) => void }) {
  const phases = page.phases.value;
  const { amount } = page.status.value;
  return (
    <nav aria-label="Phases">
      <ol class="timeline">
        {order.map((name) => (
          <Segment
            key={name}
            name={name}
            phase={phases.findLast((phase) => phase.name === name)}
            amount={amount}
            onPhase={onPhase}
          />
        ))}
      </ol>
    </nav>
  );
}

interface SegmentProps {
  readonly name: Phase["name"];
  readonly phase: Phase | undefined;
  /** How far the one is that goes on. */
  readonly amount: Amount | undefined;
  readonly onPhase: (time: number) => void;
}

function Segment({ name, phase, amount, onPhase }: SegmentProps) {
  const state = phase ? (phase.to === undefined ? "now" : "done") : "ahead";
  return (
    <li data-state={state} aria-current={state === "now" ? "step" : undefined}>
      {phase ? (
        <button type="button" title={timesOf(phase, amount)} onClick={() => onPhase(phase.from)}>
          <span>{names[name]}</span>{" "}
          {phase.to === undefined ? (
            <Clock since={phase.from} />
          ) : (
            <span class="took">{durationText(phase.to - phase.from)}</span>
          )}
        </button>
      ) : (
        <span>{names[name]}</span>
      )}
    </li>
  );
}

function timesOf({ name, from, to }: Phase, amount: Amount | undefined): string {
  const clock = (ms: number) => new Date(ms).toLocaleTimeString();
  const times =
    to === undefined
      ? `since ${clock(from)}${amount ? `, ${amountText(amount)}` : ""}`
      : `${clock(from)} to ${clock(to)}, ${durationText(to - from)}`;
  return `${names[name]}: ${times}. Click for what was printed then.`;
}
