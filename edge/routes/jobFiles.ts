// What can be read of a job: its JSON, definition, result, inputs and outputs. The same for a queue's jobs and for the
// unscoped `/j/:id`, which differ only in where they look.

import { type Context, Hono } from "hono";
import * as v from "valibot";
import { bytesOfBase64, type DataRef } from "../../wire/dataRef.ts";
import { JobDefinition } from "../../wire/definition.ts";
import { BlobKey } from "../../wire/ids.ts";
import { resultBytesMax } from "../../wire/limits.ts";
import { inputPath } from "../../wire/paths.ts";
import { JobResult } from "../../wire/result.ts";
import type { Deployment, FinishedJob, JobSource } from "../deployment.ts";
import { sendBlob } from "./blobs.ts";
import { downloadHeaders } from "./download.ts";
import { sendLog } from "./logs.ts";
import { fail, jobId, tailOf } from "./params.ts";

export function jobFiles(deployment: Deployment, sourceOf: (c: Context) => JobSource): Hono {
  const app = new Hono();
  app.get("/:id/definition.json", async (c) => {
    const canonical = await sourceOf(c).definition(jobId(c));
    return json(`{"data":${canonical ?? "null"}}`);
  });
  for (const name of ["result.json", "results.json"]) {
    app.get(`/:id/${name}`, async (c) => {
      const finished = await sourceOf(c).finished(jobId(c));
      return json(finished ? await withResult(deployment, finished, '{"data":', "}") : '{"data":null}');
    });
  }
  for (const kind of ["build", "run"] as const) {
    app.get(`/:id/${kind}-logs.json`, (c) => sendLog(deployment, c, sourceOf(c), kind));
  }
  app.get("/:id/inputs/*", async (c) => {
    const id = jobId(c);
    const name = tailOf(c, "/inputs/");
    const canonical = (await sourceOf(c).definition(id)) ?? fail(404, "Job not found");
    const inputs = v.parse(JobDefinition, JSON.parse(canonical)).inputs ?? {};
    const ref = inputs[name] ?? inputs[`/${inputPath(name)}`] ?? fail(404, `Input file '${name}' not found`);
    return sendRef(deployment, c, ref, name);
  });
  app.get("/:id/outputs/*", async (c) => {
    const id = jobId(c);
    const name = tailOf(c, "/outputs/");
    const finished = (await sourceOf(c).finished(id)) ?? fail(404, "Finished job not found");
    const outputs = (await resultOf(deployment, finished))?.outputs ?? {};
    const ref = Object.hasOwn(outputs, name) ? outputs[name] : undefined;
    return sendRef(deployment, c, ref ?? fail(404, `Output file '${name}' not found`), name);
  });
  // `/j/:id` as JSON; a browser that asks for HTML there has been given the page before (page.ts).
  app.get("/:id", async (c) => {
    const id = jobId(c);
    const source = sourceOf(c);
    const canonical = (await source.definition(id)) ?? fail(404, "Job not found");
    const finished = await source.finished(id);
    const definition = `{"data":{"definition":${canonical}`;
    if (!finished) return json(`${definition}}}`);
    return json(await withResult(deployment, finished, `${definition},"results":`, "}}"));
  });
  return app;
}

function json(body: string | ReadableStream<Uint8Array>): Response {
  return new Response(body, { headers: { "content-type": "application/json; charset=UTF-8" } });
}

/** The finished job as JSON between two pieces of text; a large result is streamed from its blob. */
async function withResult(
  deployment: Deployment,
  { job, ref }: FinishedJob,
  before: string,
  after: string,
): Promise<string | ReadableStream<Uint8Array>> {
  if (!ref) return before + JSON.stringify(job) + after;
  const blob = (await deployment.blobs.read(v.parse(BlobKey, ref.hash))) ?? fail(404, "The result is no longer kept.");
  const { finished, ...rest } = job;
  const head = `${before}${JSON.stringify(rest).slice(0, -1)},"finished":${JSON.stringify(finished).slice(0, -1)},"result":`;
  return concatenated([textStream(head), blob, textStream(`}}${after}`)]);
}

async function resultOf(deployment: Deployment, { job, ref }: FinishedJob): Promise<JobResult | undefined> {
  if (!ref) return job.finished?.result;
  if (ref.size > resultBytesMax) return fail(413, "The result is too large to look a file up in.");
  const blob = (await deployment.blobs.read(v.parse(BlobKey, ref.hash))) ?? fail(404, "The result is no longer kept.");
  return v.parse(JobResult, await new Response(blob).json());
}

/** Answers with what a data ref stands for: inline values at once, blobs from the store, other addresses by redirect. */
async function sendRef(deployment: Deployment, c: Context, ref: DataRef, name: string): Promise<Response> {
  const fileName = name.split("/").at(-1) ?? name;
  switch (ref.type) {
    case "json":
      return new Response(JSON.stringify(ref.value), {
        headers: { ...downloadHeaders(fileName), "content-type": "application/json; charset=UTF-8" },
      });
    case "base64": {
      const bytes = bytesOfBase64(ref.value) ?? fail(400, "Invalid base64 data");
      return new Response(bytes, { headers: { ...downloadHeaders(fileName), "content-length": String(bytes.length) } });
    }
    case "key":
      return sendBlob(deployment, c, blobKeyOf(ref.value), fileName);
    case "url": {
      const key = ownBlobKey(deployment, ref.value);
      return key ? sendBlob(deployment, c, key, fileName) : c.redirect(externalUrl(ref.value), 302);
    }
    case "utf8":
    case null:
    case undefined:
      return new Response(ref.value, {
        headers: { ...downloadHeaders(fileName), "content-type": "text/plain; charset=UTF-8" },
      });
  }
}

function blobKeyOf(text: string): BlobKey {
  const key = v.safeParse(BlobKey, text);
  return key.success ? key.output : fail(404, "Unknown blob key");
}

/** The key, if the address is a blob of this deployment. */
function ownBlobKey(deployment: Deployment, address: string): BlobKey | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  const key = v.safeParse(BlobKey, /^\/f\/([^/]+)$/.exec(url.pathname)?.[1]);
  return key.success && deployment.origins.includes(url.origin) ? key.output : undefined;
}

function externalUrl(address: string): string {
  if (!URL.canParse(address)) return fail(400, "The data ref's url is not a URL.");
  const url = new URL(address);
  return url.protocol === "http:" || url.protocol === "https:"
    ? url.href
    : fail(400, "The data ref's url is not http(s).");
}

function textStream(text: string): ReadableStream<Uint8Array> {
  return new Blob([text]).stream();
}

function concatenated(parts: readonly ReadableStream<Uint8Array>[]): ReadableStream<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const pump = async () => {
    for (const part of parts) await part.pipeTo(writable, { preventClose: true });
    await writable.close();
  };
  // A failure reaches the reader through the stream itself: pipeTo has aborted `writable` by then. Parts that nobody will
  // read any more let go of what they hold open.
  pump().catch(() => Promise.allSettled(parts.filter(({ locked }) => !locked).map((part) => part.cancel())));
  return readable;
}
