// The runs that this browser has seen: return to one, or see in what two of them differ.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { consentKeyOf } from "../../job/definition.ts";
import { type Difference, differencesOf, type RunRecord, returnTo } from "../../job/runRecord.ts";
import type { Page } from "../../state/page.ts";
import { durationText } from "../../state/status.ts";
import { ToneIcon } from "../icons.tsx";
import type { ViewProps } from "../shell.ts";
import "./history.css";

export function HistoryPanel({ page }: ViewProps) {
  const chosen = useSignal<readonly string[]>([]);
  useEffect(page.history.refresh, []);
  const state = page.history.state.value;
  if (state.kind === "loading") return <p class="empty">Loading</p>;
  if (state.kind === "unavailable")
    return <p class="empty">This browser keeps nothing for this page, so runs are forgotten when it closes.</p>;
  if (state.runs.length === 0)
    return <p class="empty">Runs appear here once they end. They are kept in this browser and nowhere else.</p>;

  const ready = page.ready.value;
  const family = ready ? consentKeyOf(ready.template, "") : undefined;
  const groups = [
    ["This job", state.runs.filter((record) => record.family === family)],
    ["Other jobs", state.runs.filter((record) => record.family !== family)],
  ] as const;
  const [first, second] = state.runs.filter(({ run }) => chosen.value.includes(run)).reverse();
  const forget = () => {
    chosen.value = [];
    page.history.forgetAll();
  };
  return (
    <div class="groups history">
      {first && second ? (
        <Comparison first={first} second={second} onClose={() => (chosen.value = [])} />
      ) : (
        <p class="hint">Choose two runs to see in what they differ. All are kept in this browser only.</p>
      )}
      {groups.map(([name, runs]) =>
        runs.length > 0 ? <Runs key={name} name={name} runs={runs} chosen={chosen} page={page} /> : null,
      )}
      <p>
        <button type="button" class="quiet" onClick={forget}>
          Forget all runs
        </button>
      </p>
    </div>
  );
}

interface RunsProps {
  readonly name: string;
  readonly runs: readonly RunRecord[];
  readonly chosen: Signal<readonly string[]>;
  readonly page: Page;
}

function Runs({ name, runs, chosen, page }: RunsProps) {
  const shown = page.shown.value?.run;
  // The two that were chosen last.
  const toggle = (run: string) => {
    const others = chosen.value.filter((other) => other !== run);
    chosen.value = others.length < chosen.value.length ? others : [...others.slice(-1), run];
  };
  return (
    <section>
      <h2>{name}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="spoken">Compare</span>
            </th>
            <th scope="col">Ended</th>
            <th scope="col">Result</th>
            <th scope="col">Ran for</th>
            <th scope="col">Inputs</th>
            <th scope="col">Outputs</th>
            <th scope="col">Job</th>
            <th scope="col">
              <span class="spoken">Return</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.map((record) => (
            <tr key={record.run} aria-current={record.run === shown ? "true" : undefined}>
              <td>
                <input
                  type="checkbox"
                  aria-label={`Compare the run of ${timeText(record.time)}`}
                  checked={chosen.value.includes(record.run)}
                  onChange={() => toggle(record.run)}
                />
              </td>
              <td>
                <time dateTime={new Date(record.time).toISOString()}>{timeText(record.time)}</time>
              </td>
              <td class="ended" data-tone={toneOf(record)}>
                <ToneIcon tone={toneOf(record)} /> {endText(record)}
              </td>
              <td class="ran">{record.durationMs === undefined ? "" : durationText(record.durationMs)}</td>
              <td>{Object.keys(record.inputs).length}</td>
              <td>{Object.keys(record.outputs).length}</td>
              <td class="job" title={`${record.command} · ${record.image}`}>
                <code>{record.command}</code> {record.image}
              </td>
              <td>
                <button
                  type="button"
                  class="quiet"
                  disabled={record.run === shown}
                  onClick={() => page.address.write(returnTo(record, location.hash), true)}
                >
                  Return
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const parts: Readonly<Record<Difference["part"], string>> = {
  definition: "Definition",
  input: "Input",
  output: "Output",
  end: "Result",
};

function Comparison({ first, second, onClose }: { first: RunRecord; second: RunRecord; onClose: () => void }) {
  const differences = differencesOf(first, second);
  return (
    <section aria-label="Comparison">
      <h2>Compared</h2>
      {differences.length === 0 ? <p>The two runs are alike in definition, inputs, outputs and result.</p> : null}
      {differences.length > 0 ? (
        <table>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">{timeText(first.time)}</th>
              <th scope="col">{timeText(second.time)}</th>
            </tr>
          </thead>
          <tbody>
            {differences.map(({ part, name, first: before, second: after }) => (
              <tr key={`${part} ${name}`}>
                <th scope="row">
                  {parts[part]} <code>{name}</code>
                </th>
                <Side text={before} />
                <Side text={after} />
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      <p>
        <button type="button" onClick={onClose}>
          Close the comparison
        </button>
      </p>
    </section>
  );
}

function Side({ text }: { text: string | undefined }) {
  return <td>{text === undefined ? <span class="hint">none</span> : <code>{text}</code>}</td>;
}

function toneOf({ reason, exitCode }: RunRecord): "good" | "bad" {
  return reason === "Success" && (exitCode ?? 0) === 0 ? "good" : "bad";
}

const reasons: Readonly<Record<RunRecord["reason"], string>> = {
  Success: "Done",
  Error: "Failed",
  TimedOut: "Timed out",
  Cancelled: "Stopped",
  JobReplacedByClient: "Replaced",
  WorkerLost: "Agent lost",
  Deleted: "Deleted",
};

function endText({ reason, exitCode }: RunRecord): string {
  return reason === "Success" && exitCode ? `Exit code ${exitCode}` : reasons[reason];
}

/** The time alone for today's runs. */
function timeText(time: number): string {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? date.toLocaleTimeString() : date.toLocaleString();
}
