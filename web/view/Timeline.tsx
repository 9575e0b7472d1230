// The phases of a run, each always in its place, with its time once it is known.

import type { Page } from "../state/page.ts";
import type { Phase } from "../state/phases.ts";
import { durationText } from "../state/status.ts";
import { Clock } from "./Clock.tsx";

const names = { queued: "queued", inputs: "inputs", image: "image", run: "run", outputs: "outputs" } as const;
const order = ["queued", "inputs", "image", "run", "outputs"] as const;

export function Timeline({ page }: { page: Page }) {
  const phases = page.phases.value;
  return (
    <ol class="timeline" aria-label="Phases">
      {order.map((name) => (
        <Segment key={name} name={name} phase={phases.findLast((phase) => phase.name === name)} />
      ))}
    </ol>
  );
}

function Segment({ name, phase }: { name: Phase["name"]; phase: Phase | undefined }) {
  const state = phase ? (phase.to === undefined ? "now" : "done") : "ahead";
  return (
    <li data-state={state} aria-current={state === "now" ? "step" : undefined}>
      <span>{names[name]}</span>{" "}
      {phase ? (
        phase.to === undefined ? (
          <Clock since={phase.from} />
        ) : (
          <span class="took">{durationText(phase.to - phase.from)}</span>
        )
      ) : null}
    </li>
  );
}
