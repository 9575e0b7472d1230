import { expect, test } from "vitest";
import { NodeSql } from "../node/sqlite.ts";
import { migrate, SchemaTooNewError } from "./schema.ts";

const job = "a".repeat(64);
const ended = "b".repeat(64);

/** A database of the first schema: a waiting job in three namespaces, and one that has finished. */
function firstSchema(): NodeSql {
  const sql = new NodeSql(":memory:");
  migrate(sql, 1);
  const jobs = `INSERT INTO jobs (queue, id, state, queued_at, changed_at, seq, line, shape, bytes, losses, debug, log_base)
    VALUES ('q', ?, ?, 1, 1, ?, 0, '', 1, 0, 0, 0)`;
  sql.all(jobs, job, "Queued", 1);
  sql.all(jobs, ended, "Finished", 2);
  const wanted = "INSERT INTO namespaces (queue, job, namespace, joined_at, ends_at) VALUES ('q', ?, ?, 1, ?)";
  for (const namespace of ["two", "_", "one"]) sql.all(wanted, job, namespace, namespace === "two" ? 7 : null);
  sql.all(wanted, ended, "one", null);
  sql.all("INSERT INTO definitions (queue, job, canonical) VALUES ('q', ?, '{}')", job);
  sql.all(
    "INSERT INTO results (queue, job, attempt, reason, finished_at, agent) VALUES ('q', ?, 3, 'Success', 5, 'me')",
    ended,
  );
  return sql;
}

test("a database of the first schema keeps its jobs, results and who wants them", () => {
  const sql = firstSchema();
  migrate(sql);
  expect(sql.all("SELECT id, seq, namespaces FROM jobs ORDER BY seq")).toEqual([
    { id: job, seq: 1, namespaces: '["_","one","two"]' },
    { id: ended, seq: 2, namespaces: '["one"]' },
  ]);
  expect(sql.all("SELECT job, namespace, ends_at FROM namespaces")).toEqual([
    { job, namespace: "one", ends_at: null },
    { job, namespace: "two", ends_at: 7 },
  ]);
  expect(sql.all("SELECT canonical FROM definitions WHERE job = ?", job)).toEqual([{ canonical: "{}" }]);
  expect(sql.all("SELECT attempt FROM results WHERE job = ?", ended)).toEqual([{ attempt: 3 }]);
  sql.close();
});

test("a database of a newer schema is refused", () => {
  const sql = new NodeSql(":memory:");
  migrate(sql);
  sql.all("UPDATE meta SET value = value + 1 WHERE key = 'version'");
  expect(() => migrate(sql)).toThrow(SchemaTooNewError);
  sql.close();
});
