// JSON bodies, refused before parsing when they are too large.

import type { Context } from "hono";
import { jsonBodyBytesMax } from "../../wire/limits.ts";
import { fail } from "./params.ts";

/** For answers given before the whole body is read: the rest of it must not stand in a next request's way. */
export const unreadBody = { connection: "close" } as const;

export async function jsonBody(c: Context): Promise<unknown> {
  const declared = Number(c.req.header("content-length") ?? 0);
  if (declared > jsonBodyBytesMax) tooLarge();
  const text = await textOf(c.req.raw.body);
  try {
    return JSON.parse(text);
  } catch {
    return fail(400, "The body is not JSON.");
  }
}

async function textOf(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (!body) return "";
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  let bytes = 0;
  // A connection that broke is its sender's affair, and no failure of ours.
  const read = () => reader.read().catch(() => fail(400, "The body broke off.", unreadBody));
  for (let next = await read(); !next.done; next = await read()) {
    bytes += next.value.length;
    if (bytes > jsonBodyBytesMax) {
      await reader.cancel();
      tooLarge();
    }
    text += decoder.decode(next.value, { stream: true });
  }
  return text + decoder.decode();
}

function tooLarge(): never {
  const error = `The body is larger than ${jsonBodyBytesMax} bytes: upload inputs (PUT /f/:key) and reference them.`;
  fail(413, error, unreadBody);
}
