// Why the run failed: what happened, what it means, what to try, and the last lines that matter.

import { plainLine } from "../../job/ansi.ts";
import { failureOf } from "../../job/failure.ts";
import { failureLinesShown } from "../../limits.ts";
import type { LogStore } from "../../state/logStore.ts";
import { ScrolledText } from "../ScrolledText.tsx";
import type { ViewProps } from "../shell.ts";
import "./failure.css";

const phases = {
  inputs: "while its inputs were fetched",
  image: "while its image was got",
  run: "while it ran",
  outputs: "while its outputs were saved",
} as const;

export function FailureCard({ page, shell }: ViewProps) {
  page.logs.version.value;
  const job = page.job.value;
  const state = page.result.value;
  const finished = state?.kind === "ready" ? state.finished : undefined;
  const failure = job && failureOf(job, finished?.result, finished?.message ?? job.finished?.message);
  if (!failure) return null;
  const { phase, what, meaning, tries } = failure;
  const lines = lastLines(page.logs.store);
  return (
    <section class="notice failure" aria-label="Why it failed" data-tone="bad">
      <p>
        <strong>{meaning ?? what}</strong>
        {meaning ? ` ${what}` : ""}
        {phase ? <span class="hint"> It failed {phases[phase]}.</span> : null}
      </p>
      <ul class="tries">
        {tries.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
      <button
        type="button"
        class="quiet"
        onClick={() => {
          shell.show("log");
          shell.logWish.value = { kind: "error" };
        }}
      >
        Go to the first error
      </button>
      {lines === "" ? null : (
        <details>
          <summary>The last lines</summary>
          <ScrolledText text={lines} label="The last lines that matter" />
        </details>
      )}
    </section>
  );
}

/** The last lines on stderr; of a program that wrote none there, its last ones. */
function lastLines(store: LogStore): string {
  const lines: string[] = [];
  for (const only of ["err", undefined] as const) {
    for (let at = store.length - 1; at >= 0 && lines.length < failureLinesShown; at--)
      if (only === undefined || store.kind(at) === only) lines.unshift(plainLine(store.text(at)));
    if (lines.length > 0) break;
  }
  return lines.join("\n");
}
