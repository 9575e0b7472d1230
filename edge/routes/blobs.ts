// Blobs: `/f/:key`. Where the store serves bytes itself the answer is a redirect to a signed URL, else the bytes.

import { type Context, Hono } from "hono";
import { base64OfBytes } from "../../wire/dataRef.ts";
import { checksumHeader } from "../../wire/http.ts";
import { type BlobKey, contentHashOf } from "../../wire/ids.ts";
import type { Deployment } from "../deployment.ts";
import { blobBytesMax, gatheredBytesMax } from "../limits.ts";
import { type BlobPut, type ByteRange, isFresh, type PutOutcome } from "../stores/blobStore.ts";
import { unreadBody } from "./body.ts";
import { downloadHeaders } from "./download.ts";
import { blobKey, fail } from "./params.ts";

export function blobRoutes(deployment: Deployment): Hono {
  const app = new Hono();
  app.get("/:key/exists", async (c) => {
    const key = blobKey(c);
    if (isFresh(await deployment.blobs.info(key), Date.now())) return c.json({ exists: true });
    const upload = await signedUpload(deployment, key, c.req.query("length"));
    return c.json({ exists: false, ...(upload === undefined ? {} : { upload }) }, 404);
  });
  app.get("/:key", (c) => sendBlob(deployment, c, blobKey(c), undefined));
  app.put("/:key", (c) => takeBlob(deployment, c, blobKey(c)));
  return app;
}

/** A browser sends a body whole before it follows a redirect: one with much to send asks where first. */
async function signedUpload(deployment: Deployment, key: BlobKey, length: string | undefined) {
  const hash = contentHashOf(key);
  if (hash === undefined || length === undefined || !deployment.blobs.signed) return undefined;
  const bytes = lengthOf(length) ?? fail(400, "`length` is the number of bytes to upload.");
  if (bytes > blobBytesMax) fail(413, `A blob has at most ${blobBytesMax} bytes.`);
  return deployment.blobs.signed.put(key, bytes, checksumOf(hash));
}

async function takeBlob(deployment: Deployment, c: Context, key: BlobKey): Promise<Response> {
  const hash = contentHashOf(key);
  const length = declaredLength(c);
  if (length !== undefined && length > blobBytesMax) fail(413, `A blob has at most ${blobBytesMax} bytes.`, unreadBody);
  const checksum = c.req.header(checksumHeader);
  if (checksum !== undefined && hash !== undefined && checksum !== checksumOf(hash)) {
    fail(400, "The checksum is not that of the key.", unreadBody);
  }
  if (deployment.blobs.signed && hash !== undefined && checksum !== undefined && length !== undefined) {
    return c.redirect(await deployment.blobs.signed.put(key, length, checksum), 302);
  }
  const bytesMax = Math.min(blobBytesMax, deployment.bodyBytesMax);
  if (length !== undefined && length > bytesMax) return fail(413, tooLarge(bytesMax), unreadBody);
  const outcome = await take(deployment, c, key, { hash, length, bytesMax });
  switch (outcome) {
    case "stored":
      return c.json({ success: true, key });
    case "exists":
      return fail(409, `The key ${key} exists, and its content never changes: choose another.`, unreadBody);
    case "mismatch":
      return fail(400, "The content does not have the SHA-256 that its key names.");
    case "incomplete":
      return fail(400, "The content is shorter or longer than its Content-Length.");
    case "tooLarge":
      return fail(413, tooLarge(bytesMax), unreadBody);
    case "needsLength":
      return fail(411, `An upload of more than ${gatheredBytesMax} bytes needs a Content-Length.`, unreadBody);
    case "full":
      return fail(507, "There is no room for this blob; nothing of it was kept.", unreadBody);
  }
}

/** Writes the body, or only reads it where a fresh blob of that hash is there. One who waits to be asked for it is not. */
async function take(deployment: Deployment, c: Context, key: BlobKey, put: BlobPut): Promise<PutOutcome> {
  const { blobs } = deployment;
  const isThere = put.hash !== undefined && isFresh(await blobs.info(key), Date.now());
  if (isThere && c.req.header("expect") !== undefined) return "stored";
  const body = c.env?.body?.() ?? c.req.raw.body ?? new Blob([]).stream();
  return isThere ? blobs.check(body, put) : blobs.write(key, body, put);
}

function tooLarge(bytesMax: number): string {
  return `More than ${bytesMax} bytes: upload with Content-Length and ${checksumHeader} (base64 of the SHA-256) under the key <sha256>.`;
}

function declaredLength(c: Context): number | undefined {
  return lengthOf(c.req.header("content-length"));
}

function lengthOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function checksumOf(hash: string): string {
  return base64OfBytes(Uint8Array.from(hash.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)));
}

/** The blob's bytes under headers that no browser renders, or the way to them. */
export async function sendBlob(
  deployment: Deployment,
  c: Context,
  key: BlobKey,
  fileName: string | undefined,
): Promise<Response> {
  const { signed } = deployment.blobs;
  // A signature is for one method: HEAD is answered here.
  if (signed && c.req.method !== "HEAD") return c.redirect(await signed.get(key, fileName), 302);
  const info = (await deployment.blobs.info(key)) ?? fail(404, `There is no blob ${key}.`);
  const headers: Record<string, string> = { ...downloadHeaders(fileName), "accept-ranges": "bytes" };
  if (contentHashOf(key)) {
    headers.etag = `"${key}"`;
    headers["cache-control"] = "public, max-age=31536000, immutable";
    if (c.req.header("if-none-match") === headers.etag) return new Response(null, { status: 304, headers });
  }
  const range = rangeOf(c.req.header("range"), info.size);
  if (range === "unsatisfiable")
    return fail(416, "The range lies outside the blob.", { "content-range": `bytes */${info.size}` });
  headers["content-length"] = String(range ? range.end - range.start + 1 : info.size);
  if (range) headers["content-range"] = `bytes ${range.start}-${range.end}/${info.size}`;
  if (c.req.method === "HEAD") return new Response(null, { headers });
  const body = (await deployment.blobs.read(key, range)) ?? fail(404, `There is no blob ${key}.`);
  return new Response(body, { status: range ? 206 : 200, headers });
}

/** One byte range (RFC 9110 §14.1.2); anything else that a client may send is answered with the whole. */
function rangeOf(header: string | undefined, size: number): ByteRange | undefined | "unsatisfiable" {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  const suffix = match[1] === "";
  const start = suffix ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = suffix || match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1);
  return start < size && start <= end ? { start, end } : "unsatisfiable";
}
