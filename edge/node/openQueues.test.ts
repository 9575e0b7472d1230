import { expect, test } from "vitest";
import { checkDefinition } from "../../wire/definition.ts";
import { defaultNamespace, own } from "../../wire/ids.ts";
import { defaultQueueSettings } from "../limits.ts";
import { lookups } from "../queue/lookups.ts";
import { migrate } from "../queue/schema.ts";
import { OpenQueues } from "./openQueues.ts";
import { NodeSql } from "./sqlite.ts";

const hash = own.queueHash("0".repeat(64));
const now = 1_000_000;

function queues(): OpenQueues {
  const sql = new NodeSql(":memory:");
  migrate(sql);
  const parts = { settings: defaultQueueSettings, now: () => now, onOpen: () => {}, onAlarm: () => {} };
  return new OpenQueues({ sql, ...parts });
}

test("of names that strangers ask for, and connect to, nothing stays in memory", () => {
  const open = queues();
  expect(open.look(hash, lookups.list)).toEqual([]);
  expect(open.size).toBe(0);
  open.get(hash).clientConnected(now, "session", { client: null, queueName: "q", origin: "" });
  open.dismiss(hash);
  expect(open.size).toBe(1);
  open.get(hash).closed(now, "session");
  open.dismiss(hash);
  expect(open.size).toBe(0);
});

test("a queue with a job stays", () => {
  const open = queues();
  const check = checkDefinition({ image: "x" });
  if (!check.ok) throw new Error(check.error);
  open.get(hash).submit(now, { checked: check.value, namespace: defaultNamespace, debug: false });
  open.dismiss(hash);
  expect(open.look(hash, lookups.list)).toHaveLength(1);
  expect(open.size).toBe(1);
});
