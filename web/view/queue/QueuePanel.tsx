// Who serves the queue, and what it does.

import { useMemo } from "preact/hooks";
import { shellWord } from "../../job/definition.ts";
import { jobsListedMax } from "../../limits.ts";
import { createDefinitions } from "../../state/definitions.ts";
import { CopyText } from "../CopyText.tsx";
import type { ViewProps } from "../shell.ts";
import { Agents } from "./Agents.tsx";
import { HourChart } from "./HourChart.tsx";
import { Jobs } from "./Jobs.tsx";
import "./queue.css";
import { thousands } from "../../job/thousands.ts";

export function QueuePanel({ page }: ViewProps) {
  const definitions = useMemo(() => createDefinitions(page.browser), [page]);
  const agents = page.queue.agents.value;
  const all = page.queue.jobs.value;
  const jobs = [...all].sort(([, a], [, b]) => rank(a) - rank(b) || b.queuedTime - a.queuedTime);
  const target = page.target.value;
  if (target.kind !== "target") return <p class="empty">The address names no queue. Name one in the settings.</p>;
  const { queue, api } = target.target;
  const waiting = jobs.filter(([, { state }]) => state === "Queued").length;
  const running = jobs.filter(([, { state }]) => state === "Running").length;
  return (
    <div class="groups queue">
      <section>
        <h2>Agents</h2>
        {agents === undefined ? <p class="hint">Not known yet</p> : null}
        {agents?.length === 0 ? <p>None: jobs wait until one connects.</p> : null}
        {agents && agents.length > 0 ? <Agents agents={agents} jobs={all} /> : null}
        <details open={!agents?.length}>
          <summary>Lend {agents?.length ? "another" : "a"} computer with Docker to it</summary>
          <CopyText text={`longshore agent ${shellWord(queue)} --api ${api}`} label="the agent's command" />
          {queue.startsWith("k-") ? (
            <p class="hint">Only agents that show this queue's key are admitted.</p>
          ) : (
            <p class="hint">Anybody who knows the queue's name can serve it, and so see its jobs and answer them.</p>
          )}
        </details>
      </section>
      <section>
        <h2>Jobs</h2>
        <p class="hint">
          {running} running, {waiting} waiting
        </p>
        <HourChart page={page} target={target.target} />
        {jobs.length === 0 ? (
          <p class="hint">None lately.</p>
        ) : (
          <Jobs page={page} definitions={definitions} target={target.target} jobs={jobs.slice(0, jobsListedMax)} />
        )}
        {jobs.length > jobsListedMax ? (
          <p class="hint">{thousands(jobs.length - jobsListedMax)} more are not listed here.</p>
        ) : null}
      </section>
    </div>
  );
}

/** Running first, then waiting, then the rest. */
function rank({ state }: { readonly state: string }): number {
  return state === "Running" ? 0 : state === "Queued" ? 1 : 2;
}
