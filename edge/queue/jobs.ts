// A job's row: reading it, writing it, and what clients are shown of it.

import * as v from "valibot";
import { type AgentId, type Attempt, type JobId, own } from "../../wire/ids.ts";
import { type Job, Progress } from "../../wire/job.ts";
import { FinishedReason } from "../../wire/result.ts";
import { canRun, parseDemand } from "./capacity.ts";
import { keepInStep } from "./jobChange.ts";
import { dropLog } from "./logEnd.ts";
import { integer, integerOrNull, type Row, text, textOrNull } from "./sql.ts";
import type { Turn } from "./turn.ts";

const RowState = v.picklist(["Queued", "Running", "Publishing", "Finished"]);
export type RowState = v.InferOutput<typeof RowState>;
const Namespaces = v.array(v.string());

export interface JobRow {
  readonly id: JobId;
  readonly state: RowState;
  readonly reason: FinishedReason | null;
  readonly queuedAt: number;
  readonly changedAt: number;
  readonly seq: number;
  /** 0: the line of `_`; 1: the line of named namespaces. */
  readonly line: 0 | 1;
  /** What it demands of an agent (capacity.ts). */
  readonly shape: string;
  /** Length of its definition. */
  readonly bytes: number;
  /** Who holds, or last held, the current attempt. */
  readonly agent: AgentId | null;
  readonly attempt: number | null;
  readonly boot: string | null;
  readonly startedAt: number | null;
  readonly losses: number;
  readonly debug: boolean;
  readonly progress: string | null;
  readonly statusCode: number | null;
  readonly message: string | null;
  /** The number of the current attempt's first log line. */
  readonly logBase: number;
  /** A keyed hash of the address that submitted it; null where places are not counted by address. */
  readonly client: string | null;
  /** Where it is wanted, sorted. */
  readonly namespaces: readonly string[];
}

export function readJob(turn: Turn, id: JobId): JobRow | undefined {
  const known = turn.load.row(id);
  if (known) return known;
  const [row] = turn.sql.all("SELECT * FROM jobs WHERE queue = ? AND id = ?", turn.queue, id);
  return row && jobOfRow(row);
}

export function jobOfRow(row: Row): JobRow {
  const agent = textOrNull(row, "agent");
  const reason = textOrNull(row, "reason");
  return {
    id: own.jobId(text(row, "id")),
    state: v.parse(RowState, row.state),
    reason: reason === null ? null : v.parse(FinishedReason, reason),
    queuedAt: integer(row, "queued_at"),
    changedAt: integer(row, "changed_at"),
    seq: integer(row, "seq"),
    line: integer(row, "line") === 0 ? 0 : 1,
    shape: text(row, "shape"),
    bytes: integer(row, "bytes"),
    agent: agent === null ? null : own.agentId(agent),
    attempt: integerOrNull(row, "attempt"),
    boot: textOrNull(row, "boot"),
    startedAt: integerOrNull(row, "started_at"),
    losses: integer(row, "losses"),
    debug: integer(row, "debug") === 1,
    progress: textOrNull(row, "progress"),
    statusCode: integerOrNull(row, "status_code"),
    message: textOrNull(row, "message"),
    logBase: integer(row, "log_base"),
    client: textOrNull(row, "client"),
    namespaces: v.parse(Namespaces, JSON.parse(text(row, "namespaces"))),
  };
}

/** Writes the row and keeps in step what follows from it. `before` is the row as it was, if there was one. */
export function writeJob(turn: Turn, before: JobRow | undefined, job: JobRow): JobRow {
  turn.sql.all(
    `INSERT INTO jobs (queue, id, state, reason, queued_at, changed_at, seq, line, shape, bytes, agent, attempt, boot,
       started_at, losses, debug, progress, status_code, message, log_base, client, namespaces)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (queue, id) DO UPDATE SET state = excluded.state, reason = excluded.reason, queued_at = excluded.queued_at,
       changed_at = excluded.changed_at, seq = excluded.seq, line = excluded.line, shape = excluded.shape,
       bytes = excluded.bytes, agent = excluded.agent, attempt = excluded.attempt, boot = excluded.boot,
       started_at = excluded.started_at, losses = excluded.losses, debug = excluded.debug, progress = excluded.progress,
       status_code = excluded.status_code, message = excluded.message,
       log_base = excluded.log_base, client = excluded.client, namespaces = excluded.namespaces`,
    turn.queue,
    job.id,
    job.state,
    job.reason,
    job.queuedAt,
    job.changedAt,
    job.seq,
    job.line,
    job.shape,
    job.bytes,
    job.agent,
    job.attempt,
    job.boot,
    job.startedAt,
    job.losses,
    job.debug ? 1 : 0,
    job.progress,
    job.statusCode,
    job.message,
    job.logBase,
    job.client,
    JSON.stringify(job.namespaces),
  );
  keepInStep(turn, before, job);
  return job;
}

/** The row leaves the list; its result and its log stay. */
export function deleteJobRow(turn: Turn, job: JobRow): void {
  turn.sql.all("DELETE FROM jobs WHERE queue = ? AND id = ?", turn.queue, job.id);
  keepInStep(turn, job, undefined);
}

/** Nothing of the job stays in this queue. */
export function deleteJob(turn: Turn, job: JobRow): void {
  deleteJobRow(turn, job);
  dropLog(turn, job.id);
  for (const table of ["definitions", "results"]) {
    turn.sql.all(`DELETE FROM ${table} WHERE queue = ? AND job = ?`, turn.queue, job.id);
  }
}

export function isActive(job: JobRow): boolean {
  return job.state !== "Finished";
}

export function attemptName(turn: Turn, attempt: number): Attempt {
  return own.attempt(`${turn.state.epoch}.${attempt}`);
}

/** The number of an attempt of this queue's epoch; undefined for any other. */
export function attemptNumber(turn: Turn, attempt: Attempt): number | undefined {
  const [epoch, number] = attempt.split(".");
  return epoch === turn.state.epoch ? Number(number) : undefined;
}

/** What clients are shown. A job whose result is decided but not yet stored still shows as running. */
export function jobShown(turn: Turn, job: JobRow, whyWaiting = waitingReason): Job {
  const { namespaces } = job;
  const { cpus, gpus, memory, tags } = parseDemand(job.shape);
  const requirements = {
    ...(cpus > 0 ? { cpus } : {}),
    ...(gpus > 0 ? { gpus } : {}),
    ...(memory > 0 ? { memory: `${memory}b` } : {}),
  };
  return {
    queuedTime: job.queuedAt,
    state: job.state === "Publishing" ? "Running" : job.state,
    time: job.changedAt,
    worker: job.state === "Queued" ? "" : (job.agent ?? ""),
    ...(job.debug ? { debug: true } : {}),
    ...(namespaces.length > 0 ? { namespaces: [...namespaces] } : {}),
    ...(Object.keys(requirements).length > 0 ? { requirements } : {}),
    ...(tags.length > 0 ? { tags: [...tags] } : {}),
    ...(job.state === "Finished" && job.reason ? { finishedReason: job.reason } : {}),
    ...(job.state === "Finished" && job.statusCode !== null ? { statusCode: job.statusCode } : {}),
    ...(job.state === "Running" && job.progress ? { progress: v.parse(Progress, JSON.parse(job.progress)) } : {}),
    ...(job.state === "Queued" ? { waiting: whyWaiting(turn, job.shape) } : {}),
  };
}

/** Tells the queue's clients of the job's state; returns what they are shown. */
export function announceJob(turn: Turn, job: JobRow): Job {
  const shown = jobShown(turn, job);
  turn.announce(job.id, shown);
  return shown;
}

/** Why a queued job of this shape waits, as a sentence for a person. */
export function waitingReason(turn: Turn, shape: string): string {
  const agents = turn.sessions.agents();
  if (agents.length === 0) return "No agent is connected to this queue.";
  if (agents.every(({ offer }) => offer.slots === 0)) {
    const note = agents.find(({ offer }) => offer.note !== undefined)?.offer.note;
    return note === undefined ? "Every agent is busy with other queues." : `No agent takes jobs now: ${note}`;
  }
  const demand = parseDemand(shape);
  if (agents.some((agent) => canRun(agent.offer, demand))) return "Waiting for a free slot.";
  const wants = [
    ...(demand.gpus > 0 ? [`${demand.gpus} GPU${demand.gpus > 1 ? "s" : ""}`] : []),
    ...(demand.cpus > 0 ? [`${demand.cpus} CPUs`] : []),
    ...(demand.memory > 0 ? [`${Math.ceil(demand.memory / 1024 ** 2)} MiB of memory`] : []),
    ...demand.tags.map((tag) => `the tag ${tag}`),
  ];
  return `No connected agent offers ${wants.join(", ")}.`;
}
