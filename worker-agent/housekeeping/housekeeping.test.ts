// What is removed to make room, and what never is.

import { link, mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Engine } from "../docker/engine.ts";
import { ImageRecords } from "../images/records.ts";
import { spareAfterMs } from "../limits.ts";
import type { AgentEvent } from "../log.ts";
import { docker } from "../testEngine.ts";
import { image, logText, type Stack, startStack, until } from "../testStack.ts";
import { systemWorld } from "../world.ts";
import { type DataFolders, dataPiles } from "./dataPiles.ts";
import { Housekeeper, type HousekeeperOptions } from "./housekeeper.ts";
import { imagePile } from "./imagePile.ts";
import { chosen, type Pile, type Spare } from "./pile.ts";

const MiB = 1024 ** 2;
const signal = AbortSignal.timeout(60_000);

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

describe("what is chosen", () => {
  const spare = (lastUsedAt: number, bytes: number): Spare => ({
    what: "input",
    lastUsedAt,
    bytes,
    remove: async () => true,
  });
  const pile = (spares: readonly Spare[], more: Partial<Pile> = {}): Pile => ({
    bytesMax: 1000,
    keptBytes: 0,
    spares,
    ...more,
  });
  const times = (piles: readonly Pile[], missing: number) =>
    chosen(piles, missing)
      .map(({ lastUsedAt }) => lastUsedAt)
      .sort((a, b) => a - b);

  test.each<readonly [string, readonly Pile[], number, readonly number[]]>([
    ["nothing, where there is room", [pile([spare(1, 100)])], 0, []],
    ["what was used longest ago, of all kinds", [pile([spare(3, 9), spare(1, 9)]), pile([spare(2, 9)])], 15, [1, 2]],
    ["all, where that is not enough", [pile([spare(1, 9)]), pile([spare(2, 9)])], 100, [1, 2]],
    [
      "of a pile that is too large, so much that it stays below its limit for a while",
      [pile([spare(1, 400), spare(2, 400), spare(3, 400)]), pile([spare(0, 400)])],
      0,
      [1],
    ],
    ["less of what can't be removed", [pile([spare(1, 400), spare(2, 400)], { keptBytes: 400 })], 0, [1]],
    ["no more than the limit needs", [pile([spare(1, 400), spare(2, 800)])], 300, [1]],
  ])("%s", (_what, piles, missing, expected) => {
    expect(times(piles, missing)).toEqual(expected);
  });
});

describe("of the data folder", () => {
  test("an input that a job has stays, and so does what was used just now", async () => {
    const { folders, file } = await dataFolder();
    const used = await file("cache/aa/used", 1);
    await mkdir(folders.jobs, { recursive: true });
    await link(used, join(folders.jobs, "inputs"));
    await file("cache/bb/idle", 1);
    await file("cache/partial/download", 1);
    const later = { ...folders, now: () => Date.now() + 2 * spareAfterMs };
    await removeAll(await dataPiles({ ...later, isHeld: () => true }, signal));
    expect(await readdir(folders.cache, { recursive: true })).toEqual(
      expect.arrayContaining(["aa/used", "partial/download"]),
    );
    expect(await readdir(join(folders.cache, "bb"))).toEqual([]);

    await file("cache/bb/new", 1);
    await removeAll(await dataPiles({ ...folders, isHeld: () => true }, signal));
    expect(await readdir(join(folders.cache, "bb"))).toEqual(["new"]);
  });

  test("the cache of a queue that has jobs here stays; another one's goes, what was used longest ago first", async () => {
    const { folders, file } = await dataFolder();
    await file("job-cache/serving/large", 30 * MiB);
    const old = await file("job-cache/idle/old/model", 20 * MiB);
    await file("job-cache/idle/new", 20 * MiB);
    for (const path of [old, join(old, "..")]) await utimes(path, 0, 0);
    const piles = await dataPiles(
      { ...folders, jobCacheBytes: 30 * MiB, isServing: (queue) => queue === "serving" },
      signal,
    );
    for (const spare of chosen(piles, 0)) await spare.remove(signal);
    const left = await readdir(folders.jobCaches, { recursive: true });
    expect(left.sort()).toEqual(["idle", "idle/new", "serving", "serving/large"]);
  });

  test("a folder that no job has goes", async () => {
    const { folders, file } = await dataFolder();
    await file("jobs/left/outputs/x", 1);
    await file("jobs/held/outputs/x", 1);
    const later = { ...folders, now: () => Date.now() + 2 * spareAfterMs };
    const piles = await dataPiles({ ...later, isHeld: (path) => path.endsWith("/held") }, signal);
    for (const spare of chosen(piles, 0)) await spare.remove(signal);
    expect(await readdir(folders.jobs)).toEqual(["held"]);
  });

  async function dataFolder() {
    const root = await stack.folder();
    const folders: DataFolders = {
      cache: join(root, "cache"),
      jobCaches: join(root, "job-cache"),
      jobs: join(root, "jobs"),
      cacheBytes: 0,
      jobCacheBytes: 0,
      isServing: () => false,
      isHeld: () => false,
      now: Date.now,
    };
    const file = async (name: string, size: number) => {
      await mkdir(join(root, name, ".."), { recursive: true });
      await writeFile(join(root, name), Buffer.alloc(size, 1));
      return join(root, name);
    };
    return { folders, file };
  }
});

test("of images only those that the agent brought, that no container uses, and that nobody asked for lately", async () => {
  const engine = new Engine();
  const id = (await engine.images.find(image))?.id ?? "";
  const names = ["idle", "in-use", "fresh", "theirs"].map((name) => `fence-test-${crypto.randomUUID()}:${name}`);
  const [idle = "", inUse = "", fresh = "", theirs = ""] = names;
  let now = 0;
  const records = await ImageRecords.open(await stack.folder(), { ...systemWorld, now: () => now });
  // An image of its own: another name of one that other tests use would only be untagged.
  const [from = ""] = await docker("create", image, "true");
  await docker("commit", from, inUse);
  const [container = ""] = await docker("create", inUse, "true");
  try {
    for (const name of [idle, fresh, theirs]) await docker("tag", image, name);
    const record = { from: "everyone", askedAt: 0 } as const;
    const inUseId = (await engine.images.find(inUse))?.id ?? "";
    await records.add({ ...record, name: idle, id, ours: true });
    await records.add({ ...record, name: theirs, id, ours: false });
    await records.add({ ...record, name: inUse, id: inUseId, ours: true });
    now = 10 * 3_600_000;
    await records.add({ ...record, name: fresh, id, ours: true });
    await removeAll([await imagePile({ engine, records, now: () => now }, signal)]);
    const there = await Promise.all(names.map(async (name) => (await engine.images.find(name)) !== undefined));
    expect(there).toEqual([false, true, true, true]);
    expect(records.all().map(({ name }) => name)).not.toContain(idle);
  } finally {
    await docker("rm", "-f", container, from);
    for (const name of names) await docker("rmi", name).catch(() => {});
  }
});

describe("a disk", () => {
  test("that is low is made free, once it is enough no more, and the log says what went", async () => {
    let free = 50;
    const events: AgentEvent[] = [];
    const spares = [1, 2, 3].map((at) => ({
      what: "input" as const,
      lastUsedAt: at,
      bytes: 60,
      remove: async () => {
        free += 60;
        return true;
      },
    }));
    const house = housekeeper(events, { keepFreeBytes: 100, freeBytes: async () => free }, spares);
    await house.look();
    await house.close();
    expect(free).toBe(170);
    expect(events).toEqual([
      {
        event: "housekeeping",
        message: "Removed what was used longest ago (2 of input; 120 bytes). 170 bytes are free.",
      },
    ]);
  });

  test("that stays low is said once, and so is that it has room again", async () => {
    let free = 50;
    const events: AgentEvent[] = [];
    const house = housekeeper(events, { keepFreeBytes: 100, freeBytes: async () => free }, []);
    await house.look();
    await house.look();
    free = 200;
    await house.look();
    await house.close();
    expect(told).toEqual(["Its disk is nearly full.", undefined]);
    expect(events.map(({ event }) => event)).toEqual(["disk nearly full", "disk has room again"]);
  });

  const told: (string | undefined)[] = [];

  function housekeeper(
    events: AgentEvent[],
    options: Pick<HousekeeperOptions, "keepFreeBytes" | "freeBytes">,
    spares: readonly Spare[],
  ): Housekeeper {
    const piles = async () => [{ bytesMax: Number.POSITIVE_INFINITY, keptBytes: 0, spares }];
    const log = (event: AgentEvent) => void events.push(event);
    return new Housekeeper({
      ...options,
      disks: [{ path: "/", piles }],
      changed: (why) => told.push(why),
      world: systemWorld,
      log,
    });
  }
});

test("with a cache for each job, a job finds nothing of another one, and nothing of its own stays", async () => {
  const dataDir = await stack.folder();
  await stack.agent({ dataDir, jobCache: "job" });
  const command = ["sh", "-c", "ls -A /job-cache; echo kept > /job-cache/note; cat $JOB_CACHE/note"];
  for (const _time of [1, 2]) expect(logText(await stack.run({ command }))).toBe("kept");
  await until(
    "nothing is left",
    () => readdir(join(dataDir, "jobs")),
    (names) => names.length === 0,
  );
  expect(await readdir(join(dataDir, "job-cache")).catch(() => [])).toEqual([]);
});

async function removeAll(piles: readonly Pile[]): Promise<void> {
  for (const spare of piles.flatMap(({ spares }) => spares)) await spare.remove(signal);
}
