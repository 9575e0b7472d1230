// A job's row: its fields, and how they are read from and written to its columns.

import * as v from "valibot";
import { type AgentId, type JobId, own } from "../../wire/ids.ts";
import { FinishedReason } from "../../wire/result.ts";
import { integer, integerOrNull, type Row, type Sql, type SqlValue, text, textOrNull } from "./sql.ts";

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

/** What is beside the keys: a field and its column. */
const columns = [
  ["state", "state"],
  ["reason", "reason"],
  ["queuedAt", "queued_at"],
  ["changedAt", "changed_at"],
  ["seq", "seq"],
  ["line", "line"],
  ["shape", "shape"],
  ["bytes", "bytes"],
  ["agent", "agent"],
  ["attempt", "attempt"],
  ["boot", "boot"],
  ["startedAt", "started_at"],
  ["losses", "losses"],
  ["debug", "debug"],
  ["progress", "progress"],
  ["statusCode", "status_code"],
  ["message", "message"],
  ["logBase", "log_base"],
  ["client", "client"],
  ["namespaces", "namespaces"],
] as const satisfies readonly (readonly [keyof JobRow, string])[];
type Field = (typeof columns)[number][0];

const names = columns.map(([, name]) => name);
const places = names.map(() => "?");
const insert = `INSERT INTO jobs (queue, id, ${names}) VALUES (?, ?, ${places})`;

type Rows = { readonly sql: Sql; readonly queue: string };

export function insertRow({ sql, queue }: Rows, job: JobRow): void {
  sql.all(insert, queue, job.id, ...columns.map(([field]) => sqlOf(job[field])));
}

/** Writes the columns that have changed: most changes concern few of them, and few indexes. */
export function updateRow({ sql, queue }: Rows, before: JobRow, job: JobRow): void {
  const changed = columns.reduce((bits, [field], at) => (job[field] === before[field] ? bits : bits | (1 << at)), 0);
  if (changed === 0) return;
  const { statement, fields } = updateOf(changed);
  sql.all(statement, ...fields.map((field) => sqlOf(job[field])), queue, job.id);
}

interface Update {
  readonly statement: string;
  readonly fields: readonly Field[];
}

/** One statement for each set of columns that ever changed together: a dozen. */
const updates = new Map<number, Update>();

function updateOf(changed: number): Update {
  const known = updates.get(changed);
  if (known) return known;
  const set = columns.filter((_, at) => changed & (1 << at));
  const statement = `UPDATE jobs SET ${set.map(([, name]) => `${name} = ?`)} WHERE queue = ? AND id = ?`;
  const update = { statement, fields: set.map(([field]) => field) };
  updates.set(changed, update);
  return update;
}

function sqlOf(value: JobRow[Field]): SqlValue {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : value;
}
