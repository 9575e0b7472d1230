// The queue's tables. Every table begins with the queue's hash: constant in a Durable Object, many in Node's one database.
// Statements that must use a secondary index name it (INDEXED BY): without statistics SQLite prefers the primary key, whose
// first column is the same for every row of a queue. Migrations only go forward; a database newer than this code is refused.
// Rows that can be long or are written several times are in tables with row ids: new ones lie beside each other, so that a
// commit writes few pages, and a tree of ids stays small (https://sqlite.org/withoutrowid.html).

import { integer, type Sql } from "./sql.ts";

const migrations: readonly (readonly string[])[] = [
  [
    // The queue's own numbers and armed alarm (queueState.ts), and what it has counted (counters.ts): a JSON document each.
    `CREATE TABLE queues (queue TEXT PRIMARY KEY, state TEXT NOT NULL, counters TEXT NOT NULL) WITHOUT ROWID`,
    // `state` is Queued, Running, Publishing (decided, not yet shown) or Finished. The current attempt stays with the row
    // when its agent's lease ends, until the next assignment. `client` is a keyed hash of the address that submitted it.
    `CREATE TABLE jobs (
      queue TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, reason TEXT, queued_at INTEGER NOT NULL,
      changed_at INTEGER NOT NULL, seq INTEGER NOT NULL, line INTEGER NOT NULL, shape TEXT NOT NULL, bytes INTEGER NOT NULL,
      agent TEXT, attempt INTEGER, boot TEXT, started_at INTEGER, losses INTEGER NOT NULL, debug INTEGER NOT NULL,
      progress TEXT, status_code INTEGER, message TEXT, log_base INTEGER NOT NULL, client TEXT,
      PRIMARY KEY (queue, id)) WITHOUT ROWID`,
    `CREATE INDEX jobs_waiting ON jobs (queue, line, shape, seq) WHERE state = 'Queued'`,
    `CREATE INDEX jobs_of_client ON jobs (queue, client) WHERE state = 'Queued' AND client IS NOT NULL`,
    `CREATE INDEX jobs_held ON jobs (queue, agent) WHERE state = 'Running'`,
    `CREATE INDEX jobs_finished ON jobs (queue, changed_at) WHERE state = 'Finished'`,
    `CREATE TABLE definitions (queue TEXT NOT NULL, job TEXT NOT NULL, canonical TEXT NOT NULL, PRIMARY KEY (queue, job)) WITHOUT ROWID`,
    // One result for each run that was accepted; the newest run's is kept. Large ones are a blob named by ref_hash.
    `CREATE TABLE results (
      queue TEXT NOT NULL, job TEXT NOT NULL, attempt INTEGER NOT NULL, reason TEXT NOT NULL, status_code INTEGER,
      finished_at INTEGER NOT NULL, agent TEXT NOT NULL, error TEXT, result TEXT, ref_hash TEXT, ref_size INTEGER,
      PRIMARY KEY (queue, job)) WITHOUT ROWID`,
    `CREATE INDEX results_by_age ON results (queue, finished_at)`,
    `CREATE TABLE namespaces (
      queue TEXT NOT NULL, job TEXT NOT NULL, namespace TEXT NOT NULL, joined_at INTEGER NOT NULL, ends_at INTEGER,
      PRIMARY KEY (queue, job, namespace)) WITHOUT ROWID`,
    `CREATE INDEX namespaces_by_name ON namespaces (queue, namespace)`,
    `CREATE INDEX namespaces_ending ON namespaces (queue, ends_at) WHERE ends_at IS NOT NULL`,
    // Agents that hold leases or are connected; lease_until is null while a socket is open.
    `CREATE TABLE agents (
      queue TEXT NOT NULL, id TEXT NOT NULL, boot TEXT NOT NULL, lease_until INTEGER,
      PRIMARY KEY (queue, id)) WITHOUT ROWID`,
    // Logs (logHead.ts): how far each has come, the pieces that its agent has sealed, and the lines that no piece has.
    // `first` numbers lines over the whole job; `built` is how many of those before are the build's.
    `CREATE TABLE log_heads (
      queue TEXT NOT NULL, job TEXT NOT NULL, next INTEGER NOT NULL, built INTEGER NOT NULL, base_built INTEGER NOT NULL,
      bytes INTEGER NOT NULL, ended_at INTEGER, in_result INTEGER NOT NULL, stored INTEGER NOT NULL,
      PRIMARY KEY (queue, job)) WITHOUT ROWID`,
    `CREATE INDEX log_heads_ended ON log_heads (queue, ended_at) WHERE ended_at IS NOT NULL`,
    `CREATE TABLE log_pieces (
      queue TEXT NOT NULL, job TEXT NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, built INTEGER NOT NULL,
      build INTEGER NOT NULL, hash TEXT NOT NULL, size INTEGER NOT NULL,
      PRIMARY KEY (queue, job, first)) WITHOUT ROWID`,
    `CREATE TABLE logs (
      queue TEXT NOT NULL, job TEXT NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, built INTEGER NOT NULL,
      step TEXT NOT NULL, lines TEXT NOT NULL, bytes INTEGER NOT NULL,
      PRIMARY KEY (queue, job, first)) WITHOUT ROWID`,
    `CREATE TABLE effects (
      queue TEXT NOT NULL, job TEXT NOT NULL, kind TEXT NOT NULL, due INTEGER NOT NULL, tries INTEGER NOT NULL,
      PRIMARY KEY (queue, job, kind)) WITHOUT ROWID`,
    `CREATE INDEX effects_due ON effects (queue, due)`,
    // Webhooks that wait for a job's end, and those whose moment has come; sent_at is null while none is under way.
    `CREATE TABLE callbacks (
      queue TEXT NOT NULL, job TEXT NOT NULL, namespace TEXT NOT NULL, target TEXT NOT NULL,
      PRIMARY KEY (queue, job, namespace)) WITHOUT ROWID`,
    `CREATE TABLE calls (
      queue TEXT NOT NULL, id INTEGER NOT NULL, job TEXT NOT NULL, event TEXT NOT NULL, url TEXT NOT NULL, secret TEXT,
      origin TEXT NOT NULL, body TEXT NOT NULL, made_at INTEGER NOT NULL, due INTEGER NOT NULL, sent_at INTEGER, tries INTEGER NOT NULL,
      PRIMARY KEY (queue, id)) WITHOUT ROWID`,
    `CREATE INDEX calls_due ON calls (queue, due)`,
    `CREATE INDEX calls_sent ON calls (queue, due) WHERE sent_at IS NOT NULL`,
  ],
  [
    // How long the job may run for a namespace, and when that is over for the attempt that runs (patience.ts).
    `ALTER TABLE namespaces ADD COLUMN patience_ms INTEGER`,
    `ALTER TABLE namespaces ADD COLUMN patient_until INTEGER`,
    `CREATE INDEX namespaces_patient ON namespaces (queue, patient_until) WHERE patient_until IS NOT NULL`,
  ],
  [
    // A job's namespaces are a JSON list in its row. `namespaces` has those of active jobs that are named or have a patience.
    ...made(
      "jobs",
      `queue TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, reason TEXT, queued_at INTEGER NOT NULL,
       changed_at INTEGER NOT NULL, seq INTEGER NOT NULL, line INTEGER NOT NULL, shape TEXT NOT NULL, bytes INTEGER NOT NULL,
       agent TEXT, attempt INTEGER, boot TEXT, started_at INTEGER, losses INTEGER NOT NULL, debug INTEGER NOT NULL,
       progress TEXT, status_code INTEGER, message TEXT, log_base INTEGER NOT NULL, client TEXT, namespaces TEXT NOT NULL,
       PRIMARY KEY (queue, id)`,
      `SELECT old.*, (SELECT json_group_array(namespace) FROM
         (SELECT namespace FROM namespaces WHERE queue = old.queue AND job = old.id ORDER BY namespace)) FROM old_jobs AS old`,
    ),
    `CREATE INDEX jobs_waiting ON jobs (queue, line, shape, seq) WHERE state = 'Queued'`,
    `CREATE INDEX jobs_of_client ON jobs (queue, client) WHERE state = 'Queued' AND client IS NOT NULL`,
    `CREATE INDEX jobs_held ON jobs (queue, agent) WHERE state = 'Running'`,
    `CREATE INDEX jobs_finished ON jobs (queue, changed_at) WHERE state = 'Finished'`,
    `ALTER TABLE namespaces DROP COLUMN joined_at`,
    `DELETE FROM namespaces WHERE namespace = '_' AND patience_ms IS NULL OR EXISTS
       (SELECT 1 FROM jobs WHERE queue = namespaces.queue AND id = namespaces.job AND state = 'Finished')`,
    // The job comes first: the unscoped routes and a deployment-wide cache look up a job of any queue.
    ...made("definitions", `queue TEXT NOT NULL, job TEXT NOT NULL, canonical TEXT NOT NULL, PRIMARY KEY (job, queue)`),
    ...made(
      "results",
      `queue TEXT NOT NULL, job TEXT NOT NULL, attempt INTEGER NOT NULL, reason TEXT NOT NULL, status_code INTEGER,
       finished_at INTEGER NOT NULL, agent TEXT NOT NULL, error TEXT, result TEXT, ref_hash TEXT, ref_size INTEGER,
       PRIMARY KEY (job, queue)`,
    ),
    `CREATE INDEX results_by_age ON results (queue, finished_at)`,
    ...made(
      "log_heads",
      `queue TEXT NOT NULL, job TEXT NOT NULL, next INTEGER NOT NULL, built INTEGER NOT NULL, base_built INTEGER NOT NULL,
       bytes INTEGER NOT NULL, ended_at INTEGER, in_result INTEGER NOT NULL, stored INTEGER NOT NULL,
       PRIMARY KEY (job, queue)`,
      "SELECT * FROM old_log_heads",
      "WITHOUT ROWID",
    ),
    `CREATE INDEX log_heads_ended ON log_heads (queue, ended_at) WHERE ended_at IS NOT NULL`,
    ...made(
      "logs",
      `queue TEXT NOT NULL, job TEXT NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, built INTEGER NOT NULL,
       step TEXT NOT NULL, lines TEXT NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (queue, job, first)`,
    ),
  ],
];

/** Makes a table anew, with the rows that the old one of its name has. Its indexes go with the old one. */
function made(table: string, columns: string, rows = `SELECT * FROM old_${table}`, options = ""): readonly string[] {
  return [
    `ALTER TABLE ${table} RENAME TO old_${table}`,
    `CREATE TABLE ${table} (${columns}) ${options}`,
    `INSERT INTO ${table} ${rows}`,
    `DROP TABLE old_${table}`,
  ];
}

export class SchemaTooNewError extends Error {}

/** Whether this database has any tables of ours: a queue that was never written to has none, and reading it makes none. */
export function schemaExists(sql: Sql): boolean {
  return sql.all("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'").length > 0;
}

/** Brings the tables to this code's version (a test, to an earlier). @throws SchemaTooNewError if they are from a newer one. */
export function migrate(sql: Sql, to = migrations.length): void {
  sql.transaction(() => {
    if (!schemaExists(sql)) {
      sql.all("CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID");
      sql.all("INSERT INTO meta (key, value) VALUES ('version', 0)");
    }
    const [row] = sql.all("SELECT value FROM meta WHERE key = 'version'");
    const version = row ? integer(row, "value") : 0;
    if (version > to) {
      throw new SchemaTooNewError(
        `This data was written by a newer Longshore (schema ${version}, this one knows ${to}): update Longshore.`,
      );
    }
    for (const step of migrations.slice(version, to)) for (const statement of step) sql.all(statement);
    if (version < to) sql.all("UPDATE meta SET value = ? WHERE key = 'version'", to);
  });
}
