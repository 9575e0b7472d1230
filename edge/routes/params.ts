// Names in a path, parsed once at the door. A bad one is a 400 with a sentence.

import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import * as v from "valibot";
import { BlobKey, JobId, QueueName } from "../../wire/ids.ts";
import { sentenceOf } from "../../wire/sentence.ts";

/** An expected failure, rendered by the app as `{"error": "..."}`. */
export function fail(
  status: 400 | 403 | 404 | 409 | 411 | 413 | 416 | 426 | 429 | 507,
  error: string,
  headers: Record<string, string> = {},
): never {
  throw new HTTPException(status, { res: Response.json({ error }, { status, headers }) });
}

export function parse<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, value);
  return parsed.success ? parsed.output : fail(400, sentenceOf(parsed.issues));
}

export function queueName(c: Context): QueueName {
  return parse(QueueName, c.req.param("queue"));
}

/** `<id>` or, on `/j/<id>.json`, without its ending. */
export function jobId(c: Context): JobId {
  return parse(JobId, c.req.param("id")?.replace(/\.json$/, ""));
}

export function blobKey(c: Context): BlobKey {
  return parse(BlobKey, c.req.param("key"));
}

/** What follows `prefix` in the path, each segment decoded once. The app has refused paths that can't be. */
export function tailOf(c: Context, prefix: string): string {
  const path = new URL(c.req.url).pathname;
  const tail = path.slice(path.indexOf(prefix) + prefix.length);
  if (tail === "") fail(400, "Missing filename");
  return tail.split("/").map(decodeURIComponent).join("/");
}
