import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { expect, onTestFinished, test } from "vitest";
import { Held } from "../../wire/agentMessages.ts";
import { own, QueueHash } from "../../wire/ids.ts";
import { errorFinish } from "../job/finish.ts";
import { systemWorld } from "../world.ts";
import { Spool } from "./spool.ts";

const queue = v.parse(QueueHash, "a".repeat(64));

async function opened() {
  const folder = await mkdtemp(join(tmpdir(), "longshore-spool-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "spool");
  return { path, spool: await Spool.open(path, systemWorld) };
}

function finishOf(attempt: string) {
  const held = v.parse(Held, { job: "b".repeat(64), attempt });
  const finish = errorFinish({ held, end: undefined, sentence: "no", log: { logs: [], pieces: [] }, phases: [] });
  const hash = own.sha256("c".repeat(64));
  return { ...finish, pieces: [{ first: 0, count: 2, build: 0, hash, size: 10 }] };
}

test("a finish is there after a restart, with the pieces of its log, until it is answered", async () => {
  const { path, spool } = await opened();
  const finish = finishOf("e.1");
  expect(await spool.put(queue, finish)).toBeUndefined();
  const again = await Spool.open(path, systemWorld);
  expect(again.finishes(queue)).toEqual([finish]);
  await again.drop(queue, finish);
  expect((await Spool.open(path, systemWorld)).finishes(queue)).toEqual([]);
});

test("one that the disk does not take is offered all the same, and leaves nothing half-written", async () => {
  const { path, spool } = await opened();
  // Stands for a disk that takes no file.
  await rm(path, { recursive: true });
  await writeFile(path, "");
  const finish = finishOf("e.2");
  expect(await spool.put(queue, finish)).toMatch(/ENOTDIR|EEXIST/);
  expect(spool.finishes(queue)).toEqual([finish]);
  expect(spool.has(queue, finish)).toBe(true);
  await rm(path);
  await spool.drop(queue, finish);
  expect(spool.finishes(queue)).toEqual([]);
  expect(await readdir(join(path, ".."))).toEqual([]);
});
