// Turns that share a tick share a transaction, and each other's luck only where the disk refuses.

import { expect, test } from "vitest";
import { checkDefinition } from "../../wire/definition.ts";
import { defaultNamespace, own } from "../../wire/ids.ts";
import { defaultQueueSettings } from "../limits.ts";
import { GroupedTurns } from "../queue/groupedTurns.ts";
import { lookups } from "../queue/lookups.ts";
import { Queue } from "../queue/queue.ts";
import { migrate } from "../queue/schema.ts";
import { Sessions } from "../queue/sessions.ts";
import { NodeSql } from "./sqlite.ts";

const hash = own.queueHash("0".repeat(64));

/** A queue whose turns are grouped, as the Node shell has it; opened again when the disk undid what it knew. */
class Shell {
  readonly sql = new NodeSql(":memory:");
  readonly errors: string[] = [];
  readonly frames: string[] = [];
  readonly turns: GroupedTurns;
  #queue: Queue;

  constructor() {
    migrate(this.sql);
    this.#queue = this.#open();
    this.turns = new GroupedTurns({
      sql: this.sql,
      now: () => 1_000_000,
      soon: setImmediate,
      queue: () => this.#queue,
      carryOut: (_, effect) => {
        if (effect.type === "send") this.frames.push(effect.frame);
      },
      onError: (error, where) => this.errors.push(`${where}: ${error instanceof Error ? error.message : error}`),
      onDone: () => {},
      onUndone: () => {
        this.#queue = this.#open();
      },
    });
  }

  #open(): Queue {
    const sessions = new Sessions();
    return new Queue({ sql: this.sql, queue: hash, settings: defaultQueueSettings, sessions, randomEpoch: () => "e" });
  }

  submit(command: string): Promise<string> {
    const check = checkDefinition({ image: "x", command });
    if (!check.ok) throw new Error(check.error);
    const submission = { checked: check.value, namespace: defaultNamespace, debug: false };
    return this.turns.run(hash, "submit", (queue, now) => {
      const { reply, effects } = queue.submit(now, submission);
      return { reply: reply.id, effects };
    });
  }

  listed(): readonly string[] {
    return this.#queue.read(1_000_000, lookups.list).map(([id]) => id);
  }
}

test("what arrives in one tick is one turn: clients are told of all of it in one frame", async () => {
  const shell = new Shell();
  const caller = { client: null, queueName: "q", origin: "" };
  await shell.turns.run(hash, "client", (queue, now) => queue.clientConnected(now, "client", caller));
  shell.frames.length = 0;
  const ids = await Promise.all(["1", "2", "3"].map((command) => shell.submit(command)));
  expect(shell.frames).toHaveLength(1);
  for (const id of ids) expect(shell.frames[0]).toContain(id);
});

test("an event that fails takes no other of its tick with it", async () => {
  const shell = new Shell();
  const failing = shell.turns.run(hash, "broken", (queue, now) => {
    queue.cancel(now, own.jobId("none"), "*", "");
    throw new Error("a bug");
  });
  const results = await Promise.allSettled([shell.submit("before"), failing, shell.submit("after")]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(shell.errors).toEqual([`queue 00000000 broken: a bug`]);
  expect(shell.listed()).toHaveLength(2);
});

test("when the disk is full nobody is answered that all is well, and with room again the queue goes on", async () => {
  const shell = new Shell();
  const kept = await shell.submit("kept");
  const [{ page_count: pages } = {}] = shell.sql.all("PRAGMA page_count");
  shell.sql.all(`PRAGMA max_page_count = ${Number(pages)}`);
  const refused = await Promise.allSettled(["a", "b"].map((name) => shell.submit(name.repeat(100_000))));
  expect(refused.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(shell.errors.join()).toContain("disk is full");
  expect(shell.listed()).toEqual([kept]);
  shell.sql.all("PRAGMA max_page_count = 100000");
  const later = await shell.submit("later");
  expect(shell.listed()).toEqual([kept, later]);
});

test("what arrives after the end is refused", async () => {
  const shell = new Shell();
  shell.turns.end();
  await expect(shell.submit("late")).rejects.toThrow("stopped");
});
