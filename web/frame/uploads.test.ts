import { expect, test } from "vitest";
import { base64OfBytes } from "../../wire/dataRef.ts";
import { askFirstBytes, hashPieceBytes } from "../limits.ts";
import { createUploader, type Progress, UnreadableError, UploadError } from "./uploads.ts";

const never = new AbortController().signal;

function store({ status = 200, exists = {}, isBroken = false } = {}) {
  const puts: { url: string; checksum: string | undefined; size: number }[] = [];
  const questions: string[] = [];
  const uploader = createUploader({
    fetch: async (input) => {
      questions.push(String(input));
      return Response.json(exists);
    },
    send: async (url, body, headers, _signal, sent) => {
      if (isBroken) throw new Error("The connection broke.");
      puts.push({ url, checksum: headers["x-amz-checksum-sha256"], size: body.size });
      sent(body.size);
      return { status, text: JSON.stringify({ error: "no room" }) };
    },
  });
  return { puts, questions, uploader };
}

test("200 characters stay inline, one more is uploaded once under its hash", async () => {
  const { puts, uploader } = store();
  expect(await uploader.refOf({ kind: "text", text: "x".repeat(200) }, "http://api", never)).toEqual({
    type: "utf8",
    value: "x".repeat(200),
  });
  expect(puts).toEqual([]);
  const large = { kind: "text", text: "x".repeat(201) } as const;
  const ref = await uploader.refOf(large, "http://api", never);
  // printf 'x%.0s' $(seq 201) | sha256sum
  const hash = "84a0678c90937f5dcf9994d5866668da6b995109c8ad845410559b48a4ecafed";
  expect(ref).toEqual({ type: "url", value: `http://api/f/${hash}`, hash });
  await uploader.refOf(large, "http://api", never);
  expect(puts).toEqual([
    {
      url: `http://api/f/${hash}`,
      size: 201,
      checksum: base64OfBytes(Uint8Array.from(hash.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))),
    },
  ]);
  await uploader.refOf(large, "http://other", never);
  expect(puts).toHaveLength(2);
});

test("bytes count by their base64", async () => {
  const { puts, uploader } = store();
  expect((await uploader.refOf({ kind: "bytes", bytes: new Uint8Array(150) }, "http://api", never)).type).toBe(
    "base64",
  );
  expect((await uploader.refOf({ kind: "bytes", bytes: new Uint8Array(151) }, "http://api", never)).type).toBe("url");
  expect(puts).toHaveLength(1);
});

test("a file of many pieces is hashed as a whole, and tells how far it is", async () => {
  const { puts, questions, uploader } = store();
  const bytes = Uint8Array.from({ length: 2 * hashPieceBytes + 5 }, (_, at) => at % 251);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hash = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const seen: Progress[] = [];
  const file = new File([bytes], "a.bin", { type: "text/plain" });
  const ref = await uploader.refOf({ kind: "blob", blob: file }, "http://api", never, (step) => seen.push(step));
  expect(ref).toMatchObject({ hash });
  expect(puts).toMatchObject([{ size: bytes.length }]);
  expect(questions).toEqual([`http://api/f/${hash}/exists?length=${bytes.length}`]);
  const total = bytes.length;
  expect(seen).toEqual([
    ...[0, hashPieceBytes, 2 * hashPieceBytes, total].map((done) => ({ step: "reading", done, total })),
    ...[0, total].map((done) => ({ step: "sending", done, total })),
  ]);
});

test("what the store has is not sent; what it takes itself is sent there", async () => {
  const large = { kind: "bytes", bytes: new Uint8Array(askFirstBytes + 1) } as const;
  const there = store({ exists: { exists: true } });
  expect(await there.uploader.refOf(large, "http://api", never)).toMatchObject({ type: "url" });
  expect(there.puts).toEqual([]);
  const elsewhere = store({ exists: { exists: false, upload: "https://bucket/signed" } });
  const ref = await elsewhere.uploader.refOf(large, "http://api", never);
  expect(ref.value).toMatch(/^http:\/\/api\/f\//);
  expect(elsewhere.puts).toMatchObject([{ url: "https://bucket/signed" }]);
});

test("a failed upload says why and is tried again", async () => {
  const { puts, uploader } = store({ status: 507 });
  const content = { kind: "text", text: "x".repeat(300) } as const;
  await expect(uploader.refOf(content, "http://api", never)).rejects.toThrow(UploadError);
  await expect(uploader.refOf(content, "http://api", never)).rejects.toThrow("no room");
  expect(puts).toHaveLength(2);
});

test("a broken connection, a file that changed and one who stops it are told apart", async () => {
  const { uploader } = store({ isBroken: true });
  const body = new Blob([new Uint8Array(1000)]);
  const sent = (blob: Blob, signal = never) => uploader.refOf({ kind: "blob", blob }, "http://api", signal);
  await expect(sent(body)).rejects.toThrow("could not be reached");
  const stop = new AbortController();
  stop.abort(new UploadError("a person stopped it"));
  await expect(sent(body, stop.signal)).rejects.toThrow("a person stopped it");
  // The bytes are read for their hash; when they are sent, the file on the disk is another.
  let reads = 0;
  const changed = new Blob([new Uint8Array(1000)]);
  const unreadable = () => Promise.reject(new DOMException("It has changed.", "NotReadableError"));
  changed.slice = () => changed;
  changed.arrayBuffer = () => (reads++ < 2 ? Promise.resolve(new ArrayBuffer(1000)) : unreadable());
  await expect(sent(changed)).rejects.toThrow(UnreadableError);
});
