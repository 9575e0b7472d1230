// The jobs of a queue. One's own are stopped with a click, somebody else's after a question.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import * as v from "valibot";
import { JobId } from "../../../wire/ids.ts";
import type { Job } from "../../../wire/job.ts";
import { definitionsListedMax } from "../../limits.ts";
import type { Definitions } from "../../state/definitions.ts";
import type { Page } from "../../state/page.ts";
import { encodeText } from "../../url/codec.ts";
import type { QueueTarget } from "../../url/target.ts";
import { effectiveQueue } from "../../url/target.ts";

interface Props {
  readonly page: Page;
  readonly definitions: Definitions;
  readonly target: QueueTarget;
  readonly jobs: readonly (readonly [string, Job])[];
}

export function Jobs({ page, definitions, target, jobs }: Props) {
  const asking = useSignal<string | undefined>(undefined);
  const ids = jobs.slice(0, definitionsListedMax).map(([id]) => id);
  useEffect(() => definitions.need(target, ids), [ids.join(" ")]);
  const current = page.ready.value?.id;
  const names = definitions.byId.value;
  const written = effectiveQueue(page.address.parameters.value);
  const stop = (id: string, isOwn: boolean) => {
    const parsed = v.safeParse(JobId, id);
    if (!parsed.success) return;
    if (!isOwn && asking.value !== id) asking.value = id;
    else {
      asking.value = undefined;
      page.run.stopJob(parsed.output);
    }
  };
  return (
    <div class="wide-table">
      <table>
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">Command</th>
            <th scope="col">State</th>
            <th scope="col">Asked for</th>
            <th scope="col">
              <span class="spoken">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {jobs.map(([id, job]) => {
            const isActive = job.state === "Queued" || job.state === "Running";
            const isOwn = page.run.isOwn(id, job);
            return (
              <tr key={id} aria-current={id === current ? "true" : undefined}>
                <td>
                  <a
                    href={`${page.browser.origin}/j/${id}#?queue=${encodeText(written)}`}
                    target="_blank"
                    rel="noreferrer"
                  >
                    <code>{id.slice(0, 8)}</code>
                  </a>
                </td>
                <td class="job-what">
                  <code>{names.get(id)?.command}</code> <span class="hint">{names.get(id)?.image}</span>
                </td>
                <td>{stateText(job)}</td>
                <td>{new Date(job.queuedTime).toLocaleTimeString()}</td>
                <td>
                  {isActive ? (
                    <span class="actions">
                      {asking.value === id ? <span role="status">Another browser asked for it.</span> : null}
                      <button
                        type="button"
                        aria-label={asking.value === id ? `Stop ${id.slice(0, 8)} anyway` : `Stop ${id.slice(0, 8)}`}
                        onClick={() => stop(id, isOwn)}
                      >
                        {asking.value === id ? "Stop it anyway" : isOwn ? "Stop" : "Stop…"}
                      </button>
                      {asking.value === id ? (
                        <button type="button" onClick={() => (asking.value = undefined)}>
                          Leave it
                        </button>
                      ) : null}
                    </span>
                  ) : null}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const reasons: Readonly<Record<NonNullable<Job["finishedReason"]>, string>> = {
  Success: "done",
  Error: "failed",
  TimedOut: "timed out",
  Cancelled: "stopped",
  JobReplacedByClient: "replaced",
  WorkerLost: "agent lost",
  Deleted: "deleted",
};

function stateText({ state, finishedReason, statusCode, waiting, progress }: Job): string {
  if (state === "Queued") return waiting ? `waiting: ${waiting}` : "waiting";
  if (state === "Running") return progress ? `running (${progress.phase})` : "running";
  return statusCode ? `exit code ${statusCode}` : reasons[finishedReason ?? "Success"];
}
