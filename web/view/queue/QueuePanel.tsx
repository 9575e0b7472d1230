// Who serves the queue, and what it does.

import type { Job, WorkerRegistration } from "../../../wire/job.ts";
import { jobsListedMax } from "../../limits.ts";
import type { Page } from "../../state/page.ts";

export function QueuePanel({ page }: { page: Page }) {
  const agents = page.queue.agents.value;
  const jobs = [...page.queue.jobs.value].sort(([, a], [, b]) => rank(a) - rank(b) || b.queuedTime - a.queuedTime);
  if (page.queue.connection.value.kind === "none") return <p class="empty">The address names no queue.</p>;
  return (
    <div class="groups">
      <section>
        <h2>Agents</h2>
        {agents === undefined ? <p class="hint">Not known yet</p> : null}
        {agents?.length === 0 ? <p class="hint">None. Jobs wait until one connects.</p> : null}
        {agents && agents.length > 0 ? <Agents agents={agents} /> : null}
      </section>
      <section>
        <h2>Jobs</h2>
        {jobs.length === 0 ? (
          <p class="hint">None lately.</p>
        ) : (
          <Jobs jobs={jobs.slice(0, jobsListedMax)} current={page.ready.value?.id} />
        )}
        {jobs.length > jobsListedMax ? (
          <p class="hint">{jobs.length - jobsListedMax} more are not listed here.</p>
        ) : null}
      </section>
    </div>
  );
}

function Agents({ agents }: { agents: readonly WorkerRegistration[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Agent</th>
          <th scope="col">Slots</th>
          <th scope="col">GPUs</th>
          <th scope="col">Version</th>
        </tr>
      </thead>
      <tbody>
        {agents.map(({ id, name, cpus, gpus, version }) => (
          <tr key={id}>
            <td>{name ?? <code>{id.slice(0, 8)}</code>}</td>
            <td>{cpus}</td>
            <td>{gpus}</td>
            <td>{version}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Jobs({ jobs, current }: { jobs: readonly (readonly [string, Job])[]; current: string | undefined }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Job</th>
          <th scope="col">State</th>
          <th scope="col">Asked for at</th>
        </tr>
      </thead>
      <tbody>
        {jobs.map(([id, job]) => (
          <tr key={id} aria-current={id === current ? "true" : undefined}>
            <td>
              <code>{id.slice(0, 8)}</code>
            </td>
            <td>{stateText(job)}</td>
            <td>{new Date(job.queuedTime).toLocaleTimeString()}</td>
          </tr>
        ))}
      </tbody>
    </table>
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
  if (state === "Queued") return waiting ? `queued: ${waiting}` : "queued";
  if (state === "Running") return progress ? `running (${progress.phase})` : "running";
  return statusCode ? `exit code ${statusCode}` : reasons[finishedReason ?? "Success"];
}

/** Running first, then waiting, then the rest. */
function rank({ state }: Job): number {
  return state === "Running" ? 0 : state === "Queued" ? 1 : 2;
}
