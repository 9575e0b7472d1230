// What runs where, in memory: derived from the rows, so that placing a job and hearing an agent read no running job's row. After
// a turn that was taken back it is read again.

import { type AgentId, type JobId, own } from "../../wire/ids.ts";
import { type Demand, parseDemand } from "./capacity.ts";
import { type JobRow, jobOfRow } from "./jobs.ts";
import type { Sql } from "./sql.ts";

type RunningRow = Pick<JobRow, "id" | "attempt" | "boot" | "shape">;

/** A job that an agent runs. */
export interface Running extends Pick<JobRow, "id" | "attempt" | "boot"> {
  readonly demand: Demand;
}

export class Load {
  #byAgent: Map<AgentId, Map<JobId, Running>> | undefined;

  of(agent: AgentId, rows: { readonly sql: Sql; readonly queue: string }): readonly Running[] {
    this.#byAgent ??= read(rows.sql, rows.queue);
    return [...(this.#byAgent.get(agent)?.values() ?? [])];
  }

  /** Runs there, or is still running with another attempt or boot. */
  began(agent: AgentId, job: RunningRow): void {
    if (this.#byAgent) add(this.#byAgent, agent, job);
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

function read(sql: Sql, queue: string): Map<AgentId, Map<JobId, Running>> {
  const byAgent = new Map<AgentId, Map<JobId, Running>>();
  const rows = sql.all("SELECT * FROM jobs INDEXED BY jobs_held WHERE queue = ? AND state = 'Running'", queue);
  for (const job of rows.map(jobOfRow)) add(byAgent, job.agent ?? own.agentId(""), job);
  return byAgent;
}

function add(
  byAgent: Map<AgentId, Map<JobId, Running>>,
  agent: AgentId,
  { id, attempt, boot, shape }: RunningRow,
): void {
  const jobs = byAgent.get(agent) ?? new Map<JobId, Running>();
  jobs.set(id, { id, attempt, boot, demand: parseDemand(shape) });
  byAgent.set(agent, jobs);
}
