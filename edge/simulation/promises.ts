// What one queue promises, held against every frame that it lets leave and against its rows after every step.

import type { AgentOrders } from "../../wire/agentMessages.ts";
import { type AgentId, type JobId, own, type QueueHash } from "../../wire/ids.ts";
import type { Job } from "../../wire/job.ts";
import type { AgentSession } from "../queue/sessions.ts";
import { integer, integerOrNull, type Sql, text } from "../queue/sql.ts";
import { demandOf } from "./demand.ts";

type Orders = Extract<AgentOrders, { type: "orders" }>;

/** What has left about the attempts of a job. */
interface Attempts {
  readonly accepted: Set<number>;
  newest: number;
}

export class Promises {
  readonly #sql: Sql;
  readonly #queue: QueueHash;
  readonly #attempts = new Map<string, Attempts>();
  readonly #published = new Map<string, string>();
  /** Jobs that were taken and have not ended, as of the last look. */
  #active = new Set<string>();
  /** Runs that ended with a result. */
  finishes = 0;

  constructor(sql: Sql, queue: QueueHash) {
    this.#sql = sql;
    this.#queue = queue;
  }

  /** One accepted finish for each attempt, and only for the current one; attempts only rise; no agent gets more than it offers. */
  ordered({ start, answered }: Orders, { agent, offer }: AgentSession): void {
    for (const { job, attempt, outcome } of answered) {
      if (outcome !== "accepted") continue;
      const known = this.#attemptsOf(job);
      const number = numberOf(attempt);
      if (number < known.newest) throw new Error(`${job}: ${attempt} was accepted, current is ${known.newest}`);
      if (known.accepted.has(number)) throw new Error(`${job}: ${attempt} was accepted twice`);
      known.accepted.add(number);
      known.newest = number;
      this.finishes += 1;
    }
    for (const { job, attempt } of start) {
      const known = this.#attemptsOf(job);
      const number = numberOf(attempt);
      if (number < known.newest) throw new Error(`${job}: ${attempt} was given after ${known.newest}`);
      if (known.accepted.has(number)) throw new Error(`${job}: ${attempt} was given again after its end`);
      const [row] = this.#sql.all("SELECT * FROM jobs WHERE queue = ? AND id = ?", this.#queue, job);
      if (row?.state !== "Running" || row.attempt !== number || row.agent !== agent) {
        throw new Error(`${job}: ${attempt} was given to ${agent}, the row says ${JSON.stringify(row)}`);
      }
      if (number > known.newest && offer) this.#checkFit(job, text(row, "agent"), offer);
      known.newest = number;
    }
  }

  #checkFit(job: JobId, agent: string, offer: NonNullable<AgentSession["offer"]>): void {
    const rows = this.#sql.all(
      "SELECT id FROM jobs INDEXED BY jobs_held WHERE queue = ? AND agent = ? AND state = 'Running'",
      this.#queue,
      agent,
    );
    const demands = rows.map((row) => demandOf(text(row, "id")));
    const cpus = demands.reduce((sum, demand) => sum + demand.cpus, 0);
    const gpus = demands.reduce((sum, demand) => sum + demand.gpus, 0);
    if (rows.length > offer.slots || cpus > offer.cpus || gpus > offer.gpus) {
      throw new Error(`an agent that offers ${JSON.stringify(offer)} got ${JSON.stringify(demands)}`);
    }
    if (!demandOf(job).tags.every((tag) => offer.tags.includes(tag))) throw new Error(`${job} went to a wrong agent`);
  }

  /** A run publishes one result, however often it is written. */
  published(job: JobId, { finished }: Job): void {
    const [row] = this.#sql.all("SELECT attempt FROM jobs WHERE queue = ? AND id = ?", this.#queue, job);
    // A result that was taken over from another queue has attempt 0, and may be taken over again.
    if (!row || row.attempt === 0) return;
    const key = `${job} ${row.attempt}`;
    const result = JSON.stringify(finished);
    const before = this.#published.get(key);
    if (before !== undefined && before !== result) throw new Error(`${key} published ${before} and then ${result}`);
    this.#published.set(key, result);
  }

  /** Each job is in one state and has what belongs to it; none leaves without an end. `deleted` is what a client deleted. */
  checkRows(deleted: string | undefined): void {
    const active = new Set<string>();
    const ended = new Set<string>();
    for (const row of this.#sql.all(stateOfRows, this.#queue)) {
      const id = text(row, "id");
      if (row.whole !== 1) throw new Error(`a row is wrong: ${this.rowsOf(id)}`);
      if (row.state === "Finished") ended.add(id);
      else active.add(id);
      if (row.state !== "Running") continue;
      const newest = this.#attempts.get(id)?.newest ?? 0;
      if (integer(row, "attempt") < newest) throw new Error(`${id} is at attempt ${row.attempt} after ${newest}`);
    }
    for (const id of this.#active) {
      if (!active.has(id) && !ended.has(id) && id !== deleted) throw new Error(`${id} was lost`);
    }
    this.#active = active;
  }

  /** No deadline is in a row that the alarm comes too late for. */
  checkAlarm(alarm: number | undefined, now: number): void {
    const [row] = this.#sql.all(
      `SELECT min(at) AS at FROM (SELECT min(lease_until) AS at FROM agents WHERE queue = ?1
         UNION ALL SELECT min(ends_at) FROM namespaces WHERE queue = ?1
         UNION ALL SELECT min(patient_until) FROM namespaces WHERE queue = ?1
         UNION ALL SELECT min(due) FROM effects WHERE queue = ?1
         UNION ALL SELECT min(due) FROM calls WHERE queue = ?1 AND due > ?2)`,
      this.#queue,
      now,
    );
    const at = row ? integerOrNull(row, "at") : null;
    if (at !== null && at < (alarm ?? Infinity))
      throw new Error(`what is due at ${at} waits for the alarm at ${alarm}`);
  }

  /** A wrong counter stays wrong: the whole table is counted now and then. */
  checkCounters(): void {
    const [row] = this.#sql.all("SELECT state FROM queues WHERE queue = ?", this.#queue);
    if (!row) return;
    const state: unknown = JSON.parse(text(row, "state"));
    const [counted] = this.#sql.all(
      `SELECT count(*) FILTER (WHERE state = 'Queued') AS waiting, count(*) FILTER (WHERE state = 'Finished') AS finished,
         count(*) FILTER (WHERE state IN ('Running', 'Publishing')) AS running,
         coalesce(sum(bytes) FILTER (WHERE state = 'Queued'), 0) AS waitingBytes,
         (SELECT count(*) FROM calls WHERE queue = ?1) AS calls FROM jobs WHERE queue = ?1`,
      this.#queue,
    );
    for (const name of ["waiting", "running", "finished", "waitingBytes", "calls"]) {
      const kept: unknown = typeof state === "object" && state !== null ? Reflect.get(state, name) : undefined;
      if (kept !== counted?.[name]) throw new Error(`${name} is counted as ${kept}, not ${counted?.[name]}`);
    }
  }

  /** All that can be read of a job and its result: what a stale attempt must not change. */
  rowsOf(job: string): string {
    return JSON.stringify([
      this.#sql.all("SELECT * FROM jobs WHERE queue = ? AND id = ?", this.#queue, job),
      this.#sql.all("SELECT * FROM results WHERE queue = ? AND job = ?", this.#queue, job),
    ]);
  }

  /** Jobs whose attempts, or older ones, are nothing that this agent may speak of. */
  attemptedBut(agent: AgentId): readonly { readonly job: JobId; readonly newest: number; readonly isOwn: boolean }[] {
    const rows = this.#sql.all(
      `SELECT id, agent, attempt FROM jobs
       WHERE queue = ? AND attempt > 1 AND (state = 'Finished' OR (state = 'Running' AND agent <> ?))`,
      this.#queue,
      agent,
    );
    return rows.map((row) => ({
      job: own.jobId(text(row, "id")),
      newest: integer(row, "attempt"),
      isOwn: row.agent === agent,
    }));
  }

  checkEnded(): void {
    for (const [table, where] of [
      ["jobs", "state <> 'Finished'"],
      ["effects", "1"],
      ["calls", "1"],
      ["callbacks", "1"],
    ] as const) {
      const left = this.#sql.all(`SELECT * FROM ${table} WHERE queue = ? AND ${where} LIMIT 3`, this.#queue);
      if (left.length > 0) throw new Error(`${table} never ended: ${JSON.stringify(left)}`);
    }
  }

  #attemptsOf(job: string): Attempts {
    const known = this.#attempts.get(job) ?? { accepted: new Set(), newest: 0 };
    this.#attempts.set(job, known);
    return known;
  }
}

/** Rows and whether each has what belongs to its state, and nothing else. */
const stateOfRows = `SELECT id, state, attempt, CASE state
    WHEN 'Queued' THEN reason IS NULL
    WHEN 'Running' THEN reason IS NULL AND agent IS NOT NULL AND attempt IS NOT NULL AND boot IS NOT NULL AND started_at IS NOT NULL
    WHEN 'Publishing' THEN reason IN ('Success', 'Error', 'TimedOut')
    WHEN 'Finished' THEN reason IS NOT NULL
    ELSE 0 END AS whole FROM jobs WHERE queue = ?`;

export function numberOf(attempt: string): number {
  return Number(attempt.split(".")[1]);
}
