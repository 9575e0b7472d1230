import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { FolderStore } from "./folder.ts";
import { storeCases } from "./storeCases.ts";
import { bodyOf, type Content, keyOf, someContent } from "./testBodies.ts";

const folders: string[] = [];

async function newFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "longshore-blobs-"));
  folders.push(path);
  return path;
}

function write(store: FolderStore, { bytes, hash, key }: Content, named = key) {
  const put = { hash: named === key ? hash : undefined, length: bytes.length, bytesMax: bytes.length };
  return store.write(named, bodyOf(bytes), put);
}

async function filesOf(path: string): Promise<readonly string[]> {
  const entries = await readdir(join(path, "f"), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Blobs that are neighbours on the disk. */
function inOneSubfolder(count: number): readonly Content[] {
  const found: Content[] = [];
  while (found.length < count) {
    const content = someContent(10);
    if (createHash("sha256").update(content.key).digest()[0] === 0) found.push(content);
  }
  return found;
}

async function sweepAll(store: FolderStore, before: number): Promise<number> {
  let removed = 0;
  for (let turn = 0; turn < 256; turn++) removed += await store.sweep(turn, before, new AbortController().signal);
  return removed;
}

describe("a folder", () => {
  storeCases(async () => {
    const path = await mkdtemp(join(tmpdir(), "longshore-blobs-"));
    return {
      store: await FolderStore.open(path),
      leftovers: () => readdir(join(path, "incoming")),
      close: () => rm(path, { recursive: true, force: true }),
    };
  });
});

describe("a folder's files", () => {
  afterEach(async () => {
    for (const path of folders.splice(0)) await rm(path, { recursive: true, force: true });
  });

  test("of many who write the same key that is no hash, one succeeds", async () => {
    const store = await FolderStore.open(await newFolder());
    const contents = Array.from({ length: 16 }, () => someContent(1_000));
    const key = keyOf("the-one-name");
    const outcomes = await Promise.all(contents.map((content) => write(store, content, key)));
    expect(outcomes.filter((outcome) => outcome === "stored")).toHaveLength(1);
    const winner = contents[outcomes.indexOf("stored")];
    const read = await new Response(await store.read(key)).arrayBuffer();
    expect(winner && Buffer.from(read).equals(winner.bytes)).toBe(true);
  });

  test("keys that differ only in case are two", async () => {
    const path = await newFolder();
    const store = await FolderStore.open(path);
    await write(store, someContent(10), keyOf("Name"));
    await write(store, someContent(10), keyOf("name"));
    const names = (await filesOf(path)).map((file) => file.toLowerCase());
    expect(new Set(names).size).toBe(2);
  });

  test("what a crash left half-written is gone when the folder is opened again, and the blobs are there", async () => {
    const path = await newFolder();
    const content = someContent(10);
    await write(await FolderStore.open(path), content);
    await writeFile(join(path, "incoming", "half"), "half");
    expect(await (await FolderStore.open(path)).info(content.key)).toMatchObject({ size: 10 });
    expect(await readdir(join(path, "incoming"))).toEqual([]);
  });

  test("blobs go when they are old, counted from when they were last written", async () => {
    const path = await newFolder();
    const store = await FolderStore.open(path);
    const [old, young, again] = [someContent(10), someContent(10), someContent(10)];
    for (const content of [old, young, again]) await write(store, content);
    const before = Date.now() - 60_000;
    for (const file of await filesOf(path))
      if (!file.endsWith(young.hash)) await utimes(file, new Date(before - 1_000), new Date(before - 1_000));
    await write(store, again);
    expect(await sweepAll(store, before)).toBe(1);
    const left = await Promise.all([old, young, again].map(({ key }) => store.info(key)));
    expect(left.map((info) => info?.size)).toEqual([undefined, 10, 10]);
  });

  test("blobs that are written again while old ones are removed stay", async () => {
    const path = await newFolder();
    const store = await FolderStore.open(path);
    const contents = inOneSubfolder(100);
    const before = Date.now() - 60_000;
    for (let round = 0; round < 5; round++) {
      await Promise.all(contents.map((content) => write(store, content)));
      const files = await filesOf(path);
      await Promise.all(files.map((file) => utimes(file, new Date(0), new Date(0))));
      const turn = Number.parseInt(files[0]?.split("/").at(-2) ?? "", 16);
      const sweep = store.sweep(turn, before, new AbortController().signal);
      await Promise.all(contents.map((content) => write(store, content)));
      await sweep;
      expect(await filesOf(path)).toHaveLength(contents.length);
    }
  });

  test("a reader of a blob that goes has it to its end", async () => {
    const path = await newFolder();
    const store = await FolderStore.open(path);
    const content = someContent(3_000_000);
    await write(store, content);
    const reader = (await store.read(content.key))?.getReader();
    await reader?.read();
    expect(await sweepAll(store, Date.now() + 60_000)).toBe(1);
    let length = 0;
    for (let next = await reader?.read(); next?.value; next = await reader?.read()) length += next.value.length;
    expect(length).toBeGreaterThan(2_000_000);
    expect(await store.info(content.key)).toBeUndefined();
  });

  // A disk of one megabyte needs a user who may mount one.
  test.skipIf(process.platform !== "linux" || process.getuid?.() !== 0)(
    "a full disk keeps nothing half-written",
    async () => {
      const path = await newFolder();
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", path]);
      try {
        const store = await FolderStore.open(path);
        const large = someContent(3_000_000);
        expect(await write(store, large)).toBe("full");
        expect(await store.info(large.key)).toBeUndefined();
        expect(await readdir(join(path, "incoming"))).toEqual([]);
        expect(await write(store, someContent(100_000))).toBe("stored");
      } finally {
        execFileSync("umount", [path]);
      }
    },
  );
});
