// What runs where, in memory: derived from the rows, so that placing a job does not read every running one. After a turn that
// was taken back it is read again.

import { type AgentId, type JobId, own } from "../../wire/ids.ts";
import { type Demand, parseDemand } from "./capacity.ts";
import { type Sql, text } from "./sql.ts";

export class Load {
  #byAgent: Map<AgentId, Map<JobId, Demand>> | undefined;

  /** The demands of the jobs that an agent runs. */
  of(agent: AgentId, rows: { readonly sql: Sql; readonly queue: string }): readonly Demand[] {
    this.#byAgent ??= read(rows.sql, rows.queue);
    return [...(this.#byAgent.get(agent)?.values() ?? [])];
  }

  began(agent: AgentId, job: JobId, shape: string): void {
    if (this.#byAgent) entry(this.#byAgent, agent).set(job, parseDemand(shape));
  }

  ended(agent: AgentId, job: JobId): void {
    const jobs = this.#byAgent?.get(agent);
    jobs?.delete(job);
    if (jobs?.size === 0) this.#byAgent?.delete(agent);
  }

  forget(): void {
    this.#byAgent = undefined;
  }
}

function read(sql: Sql, queue: string): Map<AgentId, Map<JobId, Demand>> {
  const byAgent = new Map<AgentId, Map<JobId, Demand>>();
  const rows = sql.all(
    "SELECT id, agent, shape FROM jobs INDEXED BY jobs_held WHERE queue = ? AND state = 'Running'",
    queue,
  );
  for (const row of rows) {
    entry(byAgent, own.agentId(text(row, "agent"))).set(own.jobId(text(row, "id")), parseDemand(text(row, "shape")));
  }
  return byAgent;
}

function entry(byAgent: Map<AgentId, Map<JobId, Demand>>, agent: AgentId): Map<JobId, Demand> {
  const jobs = byAgent.get(agent) ?? new Map<JobId, Demand>();
  byAgent.set(agent, jobs);
  return jobs;
}
