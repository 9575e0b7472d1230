// What every store does, as one list of cases that runs against each kind.

import { afterAll, beforeAll, expect, test } from "vitest";
import { gatheredBytesMax } from "../limits.ts";
import type { BlobPut, BlobStore } from "./blobStore.ts";
import { bodyOf, brokenBody, type Content, hashOfRepeated, keyOf, repeated, someContent } from "./testBodies.ts";
import { LiveMemory } from "./testMemory.ts";

export interface OpenedStore {
  readonly store: BlobStore;
  /** What uploads left behind that is no blob. */
  leftovers(): Promise<readonly string[]>;
  close(): Promise<void>;
}

const MiB = 1024 * 1024;
/** The least that the cases send through a temporary object. */
export const streamedBytes = gatheredBytesMax + 1;

const sizes = [
  ["small", 1_000],
  ["large", streamedBytes],
] as const;

/** Registers the cases; returns a way to the store that they run on. */
export function storeCases<S extends OpenedStore>(open: () => Promise<S>): () => S {
  let opened: S | undefined;
  const current = () => {
    if (!opened) throw new Error("The store is open only while its tests run.");
    return opened;
  };
  beforeAll(async () => {
    opened = await open();
  }, 60_000);
  afterAll(async () => {
    await opened?.close();
  });

  const put = ({ bytes, hash }: Content, fields: Partial<BlobPut> = {}): BlobPut => ({
    hash,
    length: bytes.length,
    bytesMax: 1024 * MiB,
    ...fields,
  });
  const write = (content: Content, key = content.key, fields: Partial<BlobPut> = {}, body = bodyOf(content.bytes)) =>
    current().store.write(key, body, put(content, fields));
  const read = async (key = keyOf(""), range?: { start: number; end: number }) => {
    const stream = await current().store.read(key, range);
    return stream && Buffer.from(await new Response(stream).arrayBuffer());
  };
  // Comparing large arrays element by element takes longer than everything else here.
  const same = (got: Buffer | undefined, bytes: Uint8Array) => got?.equals(bytes);

  test.each(sizes)("a %s blob comes back as it went in", async (_size, length) => {
    const content = someContent(length);
    const before = Date.now();
    expect(await write(content)).toBe("stored");
    const info = await current().store.info(content.key);
    expect(info).toEqual({ size: length, modifiedAt: expect.any(Number) });
    // A store may tell whole seconds.
    expect(info?.modifiedAt).toBeGreaterThan(before - 2_000);
    expect(same(await read(content.key), content.bytes)).toBe(true);
    expect(await current().leftovers()).toEqual([]);
  });

  test("an empty blob is a blob, with a length or without", async () => {
    const content = someContent(0);
    for (const length of [0, undefined]) {
      expect(await write(content, content.key, { length })).toBe("stored");
      expect(await current().store.info(content.key)).toMatchObject({ size: 0 });
      expect(await read(content.key)).toEqual(Buffer.alloc(0));
    }
  });

  test("what is not there is undefined", async () => {
    const { key } = someContent(10);
    expect(await current().store.info(key)).toBeUndefined();
    expect(await read(key)).toBeUndefined();
  });

  test("a range is read by its first and last byte", async () => {
    const { bytes, ...content } = someContent(1_000);
    await write({ bytes, ...content });
    for (const [start, end] of [
      [0, 4],
      [10, 19],
      [990, 999],
    ] as const)
      expect(await read(content.key, { start, end })).toEqual(Buffer.from(bytes.slice(start, end + 1)));
  });

  test.each(sizes)("%s content that is not its key's is not stored", async (_size, length) => {
    const [mine, other] = [someContent(length), someContent(length)];
    expect(await write(mine, mine.key, {}, bodyOf(other.bytes))).toBe("mismatch");
    expect(await current().store.info(mine.key)).toBeUndefined();
    expect(await current().leftovers()).toEqual([]);
  });

  test.each(sizes)(
    "a %s body that breaks off, or is shorter or longer than it said, leaves nothing",
    async (_, length) => {
      const content = someContent(length);
      const [shorter, half] = [content.bytes.slice(0, -1), content.bytes.slice(0, length / 2)];
      const longer = new Uint8Array(length + 1);
      for (const key of [content.key, keyOf(`named-${content.hash}`)]) {
        const hash = key === content.key ? content.hash : undefined;
        for (const body of [bodyOf(shorter), bodyOf(longer), brokenBody(half)])
          expect(await write(content, key, { hash }, body)).toBe("incomplete");
        expect(await current().store.info(key)).toBeUndefined();
      }
      expect(await current().leftovers()).toEqual([]);
      expect(await write(content)).toBe("stored");
    },
  );

  test.each(sizes)("a %s body beyond the most that is taken is refused", async (_size, length) => {
    const content = someContent(length);
    expect(await write(content, content.key, { length: undefined, bytesMax: length - 1 })).toMatch(
      /tooLarge|needsLength/,
    );
    expect(await current().store.info(content.key)).toBeUndefined();
  });

  test.each(sizes)("a key that is no hash is written once, %s", async (_size, length) => {
    const [first, second] = [someContent(length), someContent(length)];
    const key = keyOf(`Named.${first.hash}_x`);
    expect(await write(first, key, { hash: undefined })).toBe("stored");
    expect(await write(second, key, { hash: undefined })).toBe("exists");
    expect(same(await read(key), first.bytes)).toBe(true);
  });

  test("a blob under its hash can be written again, and by many at once", async () => {
    const content = someContent(streamedBytes);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => write(content)));
    expect(new Set(outcomes)).toEqual(new Set(["stored"]));
    expect(await write(content)).toBe("stored");
    expect(same(await read(content.key), content.bytes)).toBe(true);
    expect(await current().leftovers()).toEqual([]);
  });

  test("a body for a blob that is there is only checked", async () => {
    const [content, other] = [someContent(1_000), someContent(1_000)];
    const { store } = current();
    expect(await store.check(bodyOf(content.bytes), put(content))).toBe("stored");
    expect(await store.check(bodyOf(other.bytes), put(content))).toBe("mismatch");
    expect(await store.check(brokenBody(other.bytes), put(content, { length: 2_000 }))).toBe("incomplete");
    expect(await store.info(content.key)).toBeUndefined();
  });

  test("100 MB go through with little memory, and come back", async () => {
    const chunk = someContent(MiB).bytes;
    const hash = hashOfRepeated(chunk, 100);
    const key = keyOf(hash);
    const memory = new LiveMemory();
    const seen = () => memory.look();
    const body = repeated(chunk, 100, seen);
    expect(await current().store.write(key, body, { hash, length: 100 * MiB, bytesMax: 100 * MiB })).toBe("stored");
    let length = 0;
    for await (const part of (await current().store.read(key)) ?? []) {
      length += part.length;
      if (length % MiB < part.length) seen();
    }
    expect(length).toBe(100 * MiB);
    // Half of it: freed buffers are given back with some delay.
    expect(memory.most).toBeLessThan(50 * MiB);
  }, 60_000);

  return current;
}
