// The agents of a queue, what they offer and what they do.

import type { Job, WorkerRegistration } from "../../../wire/job.ts";

export function Agents({ agents, jobs }: { agents: readonly WorkerRegistration[]; jobs: ReadonlyMap<string, Job> }) {
  const busy = (id: string) =>
    [...jobs.values()].filter(({ state, worker }) => state === "Running" && worker === id).length;
  return (
    <div class="wide-table">
      <table>
        <thead>
          <tr>
            <th scope="col">Agent</th>
            <th scope="col">Busy</th>
            <th scope="col">GPUs</th>
            <th scope="col">Longest job</th>
            <th scope="col">Version</th>
          </tr>
        </thead>
        <tbody>
          {agents.map(({ id, name, cpus, gpus, version, maxJobDuration, note }) => (
            <tr key={id}>
              <td>
                {name ?? <code>{id.slice(0, 8)}</code>}
                {note ? <span class="hint"> {note}</span> : null}
              </td>
              <td>
                {busy(id)} of {cpus}
              </td>
              <td>{gpus}</td>
              <td>{maxJobDuration}</td>
              <td>{version}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
