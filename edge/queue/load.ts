// What runs where, in memory: derived from the rows, so that placing a job and hearing an agent read no running job's row. After
// a turn that was taken back it is read again.

import type { AgentId, JobId } from "../../wire/ids.ts";
import { type Demand, parseDemand } from "./capacity.ts";
import { type JobRow, jobOfRow } from "./jobRow.ts";
import type { Sql } from "./sql.ts";

/** A job that an agent runs. */
export interface Running {
  readonly job: JobRow;
  readonly demand: Demand;
}

type Rows = { readonly sql: Sql; readonly queue: string };

export class Load {
  #running: Map<JobId, Running> | undefined;
  readonly #byAgent = new Map<AgentId, Set<JobId>>();

  of(agent: AgentId, rows: Rows): readonly Running[] {
    const running = this.#read(rows);
    return [...(this.#byAgent.get(agent) ?? [])].flatMap((id) => running.get(id) ?? []);
  }

  /** How many jobs an agent runs. */
  count(agent: AgentId, rows: Rows): number {
    this.#read(rows);
    return this.#byAgent.get(agent)?.size ?? 0;
  }

  /** A running job's row, if it is known without reading it. */
  row(id: JobId): JobRow | undefined {
    return this.#running?.get(id)?.job;
  }

  /** The job's row was `before` and is `after`. */
  changed(before: JobRow | undefined, after: JobRow | undefined): void {
    if (!this.#running) return;
    if (before?.state === "Running") this.#remove(this.#running, before);
    if (after?.state === "Running") this.#add(this.#running, after);
  }

  forget(): void {
    this.#running = undefined;
    this.#byAgent.clear();
  }

  #read({ sql, queue }: Rows): Map<JobId, Running> {
    if (this.#running) return this.#running;
    const running = new Map<JobId, Running>();
    const rows = sql.all("SELECT * FROM jobs INDEXED BY jobs_held WHERE queue = ? AND state = 'Running'", queue);
    for (const row of rows) this.#add(running, jobOfRow(row));
    this.#running = running;
    return running;
  }

  #add(running: Map<JobId, Running>, job: JobRow): void {
    if (job.agent === null) return;
    running.set(job.id, { job, demand: parseDemand(job.shape) });
    const jobs = this.#byAgent.get(job.agent) ?? new Set<JobId>();
    this.#byAgent.set(job.agent, jobs.add(job.id));
  }

  #remove(running: Map<JobId, Running>, job: JobRow): void {
    if (job.agent === null) return;
    running.delete(job.id);
    const jobs = this.#byAgent.get(job.agent);
    jobs?.delete(job.id);
    if (jobs?.size === 0) this.#byAgent.delete(job.agent);
  }
}
