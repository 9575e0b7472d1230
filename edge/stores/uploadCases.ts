// Uploads in parts, against a store that takes them.

import { afterEach, expect, test } from "vitest";
import type { UploadAnswer, UploadRequest } from "../../wire/agentMessages.ts";
import { partsBlobBytesMax } from "../../wire/limits.ts";
import { openUploadsMax } from "../limits.ts";
import type { OpenedS3 } from "./signedCases.ts";
import { type Content, someContent } from "./testBodies.ts";
import { Uploads } from "./uploads.ts";

const MiB = 1024 * 1024;

/** `strict`: the server notices parts that are missing, and can abort. */
export function uploadCases(current: () => OpenedS3, { strict }: { readonly strict: boolean }): void {
  let requests = 0;
  const errors: unknown[] = [];
  afterEach(() => expect(errors.splice(0)).toEqual([]));
  const newUploads = () =>
    new Uploads({ store: current().store, now: Date.now, onError: (error) => errors.push(error) });
  const asker =
    (uploads: Uploads, session = "session") =>
    async ({ hash, bytes }: Content, step: UploadRequest["step"], size = bytes.length) => {
      const request = String(++requests);
      const answered = await uploads.answer(session, { type: "upload", request, hash, size, step });
      expect(answered).toMatchObject({ type: "upload", request });
      return answered.answer;
    };
  const begun = (answer: UploadAnswer["answer"]) =>
    answer.is === "begun" ? answer : expect.fail(`It was not begun: ${JSON.stringify(answer)}`);
  const urlsOf = (answer: UploadAnswer["answer"]) =>
    answer.is === "signed" ? answer.urls : expect.fail(`It was not signed: ${JSON.stringify(answer)}`);
  const send = async (url: string | undefined, bytes: Uint8Array<ArrayBuffer>) => {
    const response = await fetch(url ?? "", { method: "PUT", body: bytes });
    await response.arrayBuffer();
    return { status: response.status, etag: response.headers.get("etag") ?? "" };
  };
  /** Uploads the parts; returns the upload and their ETags. */
  const uploaded = async (ask: ReturnType<typeof asker>, content: Content) => {
    const { upload, partBytes } = begun(await ask(content, { do: "begin" }));
    const etags: string[] = [];
    for (let first = 1; (first - 1) * partBytes < content.bytes.length; first++) {
      const [url] = urlsOf(await ask(content, { do: "sign", upload, first, count: 1 }));
      const part = content.bytes.slice((first - 1) * partBytes, first * partBytes);
      const { status, etag } = await send(url, part);
      expect(status).toBe(200);
      etags.push(etag);
    }
    return { upload, etags };
  };

  test("64 MiB go up in parts of 5 MiB, and are one blob", async () => {
    const content = someContent(64 * MiB);
    const ask = asker(newUploads());
    const { upload, etags } = await uploaded(ask, content);
    expect(etags).toHaveLength(13);
    expect(await current().store.info(content.key)).toBeUndefined();
    expect(await ask(content, { do: "complete", upload, etags })).toEqual({ is: "stored" });
    expect(await current().store.info(content.key)).toMatchObject({ size: 64 * MiB });
    const read = await new Response(await current().store.read(content.key)).arrayBuffer();
    expect(Buffer.from(read).equals(content.bytes)).toBe(true);
  }, 60_000);

  test("an upload goes on after this process, and a repeated end is answered as the first", async () => {
    const content = someContent(6 * MiB);
    const { upload, etags } = await uploaded(asker(newUploads()), content);
    const ask = asker(newUploads(), "another");
    for (let i = 0; i < 2; i++) expect(await ask(content, { do: "complete", upload, etags })).toEqual({ is: "stored" });
  });

  test("a fresh blob is neither begun again nor replaced", async () => {
    const content = someContent(6 * MiB);
    const ask = asker(newUploads());
    const first = await uploaded(ask, content);
    const second = await uploaded(ask, { ...content, bytes: someContent(6 * MiB).bytes });
    for (const { upload, etags } of [first, second])
      expect(await ask(content, { do: "complete", upload, etags })).toEqual({ is: "stored" });
    const read = await new Response(await current().store.read(content.key)).arrayBuffer();
    expect(Buffer.from(read).equals(content.bytes)).toBe(true);
    expect(await ask(content, { do: "begin" })).toEqual({ is: "stored" });
  });

  test("a part's address takes exactly its length", async () => {
    const content = someContent(6 * MiB);
    const ask = asker(newUploads());
    const { upload } = begun(await ask(content, { do: "begin" }));
    const [first, second] = urlsOf(await ask(content, { do: "sign", upload, first: 1, count: 2 }));
    expect((await send(first, content.bytes.slice(0, MiB))).status).toBe(403);
    expect((await send(second, content.bytes.slice(0, 5 * MiB))).status).toBe(403);
    expect((await send(second, content.bytes.slice(5 * MiB))).status).toBe(200);
    expect(await ask(content, { do: "abort", upload })).toEqual({ is: "aborted" });
  });

  test("parts that a blob has not are not signed, and an end without all parts is refused", async () => {
    const content = someContent(6 * MiB);
    const ask = asker(newUploads());
    const { upload } = begun(await ask(content, { do: "begin" }));
    expect(await ask(content, { do: "sign", upload, first: 2, count: 2 })).toMatchObject({
      is: "refused",
      again: false,
    });
    expect(await ask(content, { do: "complete", upload, etags: ["a"] })).toMatchObject({ is: "refused", again: false });
    if (!strict) return;
    const unknown = await ask(content, { do: "complete", upload, etags: ['"a"', '"b"'] });
    expect(unknown).toMatchObject({ is: "refused", error: expect.any(String) });
    expect(await current().store.info(content.key)).toBeUndefined();
  });

  if (strict)
    test("an aborted upload is gone, and can be aborted again", async () => {
      const content = someContent(6 * MiB);
      const ask = asker(newUploads());
      const { upload, etags } = await uploaded(ask, content);
      for (let i = 0; i < 2; i++) expect(await ask(content, { do: "abort", upload })).toEqual({ is: "aborted" });
      expect(await ask(content, { do: "complete", upload, etags })).toMatchObject({ is: "refused", again: false });
      expect(await current().store.info(content.key)).toBeUndefined();
    });

  test("size and number of uploads are bounded", async () => {
    const content = someContent(1);
    const uploads = newUploads();
    expect(await asker(uploads)(content, { do: "begin" }, partsBlobBytesMax + 1)).toMatchObject({ is: "refused" });
    const all = await Promise.all(
      Array.from({ length: openUploadsMax + 1 }, () => asker(uploads)(content, { do: "begin" }, 1e9)),
    );
    expect(all.filter(({ is }) => is === "begun")).toHaveLength(openUploadsMax);
    expect(all.filter(({ is }) => is === "refused")).toEqual([expect.objectContaining({ again: true })]);
    expect(await asker(uploads, "another")(content, { do: "begin" })).toMatchObject({ is: "begun" });
  });
}
