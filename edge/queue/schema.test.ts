import { expect, test } from "vitest";
import { SchemaTooNewError } from "./schema.ts";
import { TestQueue } from "./testQueue.ts";

/** The tables as the first version had them. */
function toFirstVersion({ sql }: TestQueue): void {
  sql.all("DROP INDEX namespaces_patient");
  for (const column of ["patience_ms", "patient_until"]) sql.all(`ALTER TABLE namespaces DROP COLUMN ${column}`);
  sql.all("UPDATE meta SET value = 1 WHERE key = 'version'");
}

test("data of an earlier version is brought forward, with the jobs in it", () => {
  const queue = new TestQueue();
  const waiting = queue.submit("1", { namespace: "mine" });
  toFirstVersion(queue);
  queue.restart();
  expect(queue.job(waiting)).toMatchObject({ state: "Queued", namespaces: ["mine"] });
  expect(queue.agent("a").jobs()).toEqual([waiting]);
});

test("data of a newer version is left alone, with a sentence", () => {
  const queue = new TestQueue();
  queue.submit("1");
  queue.sql.all("UPDATE meta SET value = 1000 WHERE key = 'version'");
  expect(() => queue.restart()).toThrow(SchemaTooNewError);
});
