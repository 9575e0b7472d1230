// What signed URLs allow and what they don't, against a store that checks signatures.

import { inspect } from "node:util";
import { expect, test, vi } from "vitest";
import { base64OfBytes } from "../../wire/dataRef.ts";
import { checksumHeader } from "../../wire/http.ts";
import { signedUrlSeconds } from "../limits.ts";
import { nodeStorePlatform } from "../node/storePlatform.ts";
import { S3Store } from "./s3.ts";
import type { S3Settings } from "./s3Bucket.ts";
import { bodyOf, type Content, keyOf, someContent } from "./testBodies.ts";

export interface OpenedS3 {
  readonly store: S3Store;
  readonly settings: S3Settings;
}

function checksumOf({ hash }: Content): string {
  return base64OfBytes(Uint8Array.from(Buffer.from(hash, "hex")));
}

/** `strict`: the server does with ranges what S3 does. */
export function signedCases(current: () => OpenedS3, { strict }: { readonly strict: boolean }): void {
  const signedPut = async (content: Content) => {
    const checksum = checksumOf(content);
    return { url: await current().store.signed.put(content.key, content.bytes.length, checksum), checksum };
  };
  let large: Content | undefined;
  const storedContent = async (length: number) => {
    const content = someContent(length);
    const put = { hash: content.hash, length, bytesMax: length };
    expect(await current().store.write(content.key, bodyOf(content.bytes), put)).toBe("stored");
    return content;
  };
  const send = async (url: string, bytes: Uint8Array<ArrayBuffer>, headers: Record<string, string>) => {
    const response = await fetch(url, { method: "PUT", body: bytes, headers });
    await response.arrayBuffer();
    return response.status;
  };

  test("a signed upload takes the bytes that it was signed for, and a signed download brings them", async () => {
    const content = someContent(10_000);
    const { url, checksum } = await signedPut(content);
    expect(await send(url, content.bytes, { [checksumHeader]: checksum })).toBe(200);
    for (const fileName of [undefined, "plain.txt", 'it\'s; "ö".txt']) {
      const response = await fetch(await current().store.signed.get(content.key, fileName));
      expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/octet-stream"]);
      expect(response.headers.get("content-disposition")).toMatch(/^attachment/);
      expect(Buffer.from(await response.arrayBuffer()).equals(content.bytes)).toBe(true);
    }
  });

  const ranges: readonly (readonly [what: string, range: string, start: number, end: number])[] = [
    ["the middle", "bytes=7000000-7999999", 7_000_000, 8_000_000],
    ["all from a place on", "bytes=19999990-", 19_999_990, 20_000_000],
    ["more than there is", "bytes=19999999-30000000", 19_999_999, 20_000_000],
    // The other server reads these two otherwise than S3 does.
    ...(strict ? [["one byte", "bytes=0-0", 0, 1] as const] : []),
    ...(strict ? [["the last bytes", "bytes=-100000", 19_900_000, 20_000_000] as const] : []),
  ];
  test.each(ranges)("a signed download of 20 MB brings %s", async (_what, range, start, end) => {
    large ??= await storedContent(20_000_000);
    const response = await fetch(await current().store.signed.get(large.key, "large.bin"), { headers: { range } });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect([response.status, response.headers.get("content-range"), bytes.length]).toEqual([
      206,
      `bytes ${start}-${end - 1}/20000000`,
      end - start,
    ]);
    expect(bytes.equals(large.bytes.subarray(start, end))).toBe(true);
  });

  test("a signed download of no part that there is says so", async () => {
    large ??= await storedContent(20_000_000);
    const headers = { range: "bytes=20000000-" };
    expect((await fetch(await current().store.signed.get(large.key, undefined), { headers })).status).toBe(416);
  });

  test("a signed upload takes no other length, checksum or key", async () => {
    const [content, other] = [someContent(1_000), someContent(1_000)];
    const { url, checksum } = await signedPut(content);
    const headers = { [checksumHeader]: checksum };
    expect(await send(url, content.bytes.slice(0, 999), headers)).toBe(403);
    expect(await send(url, other.bytes, { [checksumHeader]: checksumOf(other) })).toBe(403);
    expect(await send(url, content.bytes, {})).toBeGreaterThanOrEqual(400);
    expect(await send(url.replace(content.key, other.key), content.bytes, headers)).toBe(403);
    expect(await current().store.info(content.key)).toBeUndefined();
    expect(await current().store.info(other.key)).toBeUndefined();
  });

  test("a signature is for one method", async () => {
    const content = someContent(1_000);
    const { url, checksum } = await signedPut(content);
    expect(await send(url, content.bytes, { [checksumHeader]: checksum })).toBe(200);
    const statuses = [
      (await fetch(url)).status,
      (await fetch(url, { method: "DELETE" })).status,
      (await fetch(await current().store.signed.get(content.key, undefined), { method: "DELETE" })).status,
      await send(await current().store.signed.get(content.key, undefined), content.bytes, {}),
    ];
    expect(statuses).toEqual([403, 403, 403, 403]);
    expect(await current().store.info(content.key)).toMatchObject({ size: 1_000 });
  });

  test("a signature is short-lived", async () => {
    const content = someContent(1_000);
    const { url, checksum } = await signedPut(content);
    expect(await send(url, content.bytes, { [checksumHeader]: checksum })).toBe(200);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - (signedUrlSeconds + 60) * 1_000 });
    const late = [await signedPut(content), await current().store.signed.get(content.key, undefined)] as const;
    vi.useRealTimers();
    expect(await send(late[0].url, content.bytes, { [checksumHeader]: checksum })).toBe(403);
    expect((await fetch(late[1])).status).toBe(403);
  });

  test("the secret is in no address and in no error", async () => {
    const { settings } = current();
    const secretAccessKey = `secret-${crypto.randomUUID()}`;
    const store = new S3Store({ ...settings, secretAccessKey }, nodeStorePlatform);
    const content = someContent(1_000);
    const seen: unknown[] = [
      await store.signed.get(content.key, "name"),
      await store.signed.put(content.key, 1_000, checksumOf(content)),
      await store.parts.url(content.key, "upload", { number: 1, length: 10 }),
    ];
    const failing = [
      () => store.info(content.key),
      () => store.read(content.key),
      () => store.write(keyOf("named"), bodyOf(content.bytes), { hash: undefined, length: 1_000, bytesMax: 1_000 }),
      () => store.parts.begin(content.key),
    ];
    for (const work of failing)
      seen.push(
        await work().then(
          () => expect.fail("It succeeded."),
          (error: unknown) => error,
        ),
      );
    const text = seen
      .map((one) => inspect(one, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null }))
      .join("\n");
    expect(text).toContain("X-Amz-Signature");
    expect(text).not.toContain(secretAccessKey);
    expect(encodeURIComponent(text)).not.toContain(encodeURIComponent(secretAccessKey));
  });
}
