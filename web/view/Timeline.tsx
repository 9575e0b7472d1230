// The phases of a run, each always in its place, with its time once it is known.

import type { Page } from "../state/page.ts";
import type { Phase } from "../state/phases.ts";
import { durationText } from "../state/status.ts";
import { Clock } from "./Clock.tsx";
import "./timeline.css";

const names = { queued: "queued", inputs: "inputs", image: "image", run: "run", outputs: "outputs" } as const;
const order = ["queued", "inputs", "image", "run", "outputs"] as const;

export function Timeline({ page, onPhase }: { page: Page; onPhase: (time: number) => void }) {
  const phases = page.phases.value;
  return (
    <nav aria-label="Phases">
      <ol class="timeline">
        {order.map((name) => (
          <Segment key={name} name={name} phase={phases.findLast((phase) => phase.name === name)} onPhase={onPhase} />
        ))}
      </ol>
    </nav>
  );
}

interface SegmentProps {
  readonly name: Phase["name"];
  readonly phase: Phase | undefined;
  readonly onPhase: (time: number) => void;
}

function Segment({ name, phase, onPhase }: SegmentProps) {
  const state = phase ? (phase.to === undefined ? "now" : "done") : "ahead";
  return (
    <li data-state={state} aria-current={state === "now" ? "step" : undefined}>
      {phase ? (
        <button type="button" title={timesOf(phase)} onClick={() => onPhase(phase.from)}>
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

function timesOf({ name, from, to }: Phase): string {
  const clock = (ms: number) => new Date(ms).toLocaleTimeString();
  const times =
    to === undefined ? `since ${clock(from)}` : `${clock(from)} to ${clock(to)}, ${durationText(to - from)}`;
  return `${names[name]}: ${times}. Click for what was printed then.`;
}
