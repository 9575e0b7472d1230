// What a finished job sends on through the metapage: data refs by default, values with `resolverefs`.

import { base64OfBytes, bytesOfBase64, type DataRef } from "../../wire/dataRef.ts";
import { paths } from "../../wire/http.ts";
import { contentHashOf, type JobId } from "../../wire/ids.ts";
import type { JobResult } from "../../wire/result.ts";
import { mimeOf } from "../job/fileKind.ts";

/** A data ref as other metaframes read it: the same for any frame, on any host, that can reach the server at `api`. */
export function portableRef(ref: DataRef, api: string): DataRef {
  const hash = ref.hash ? { hash: ref.hash } : {};
  if (ref.type === "key") return { type: "url", value: api + paths.blob(ref.value), ...hash };
  if (ref.type === "url") return { type: "url", value: rebased(ref.value, api), ...hash };
  return ref.type === undefined || ref.type === null ? { type: "utf8", value: ref.value, ...hash } : ref;
}

/** An agent names a stored file by the address that it uses itself; here the page's own address of that server counts. */
function rebased(url: string, api: string): string {
  const parsed = URL.canParse(url, api) ? new URL(url, api) : undefined;
  const key = parsed && /^\/f\/([^/]+)$/.exec(parsed.pathname)?.[1];
  const isStored = key !== undefined && (contentHashOf(key) !== undefined || url.startsWith("/"));
  return isStored ? api + paths.blob(key) : url;
}

/** The value that a ref stands for: JSON, text, or a Blob in the form in which metapages pass Blobs on. */
export async function valueOfRef(
  name: string,
  ref: DataRef,
  load: (url: string) => Promise<Uint8Array>,
): Promise<unknown> {
  if (ref.type === "json") return ref.value;
  const bytes = await bytesOfRef(ref, load);
  const mime = mimeOf(name);
  const text = mime.startsWith("text/") || mime === "application/json" ? utf8(bytes) : undefined;
  if (text !== undefined && mime === "application/json") {
    try {
      return JSON.parse(text);
    } catch {
      // A file that only ends in .json is still its text.
      return text;
    }
  }
  // The metapage library builds such strings itself, but overflows the stack above about 120 KB.
  return text ?? `data:${mime};blob=true;base64,${base64OfBytes(bytes)}`;
}

/** A ref's bytes, from the ref itself or by `load`. */
export async function bytesOfRef(ref: DataRef, load: (url: string) => Promise<Uint8Array>): Promise<Uint8Array> {
  if (ref.type === "url" || ref.type === "key") return load(ref.value);
  if (ref.type === "base64") return bytesOfBase64(ref.value) ?? new Uint8Array();
  return new TextEncoder().encode(ref.type === "json" ? JSON.stringify(ref.value) : ref.value);
}

/** The output `job/result.json`. It links the job without its queue, whose name is a credential. */
export function resultReport(id: JobId, result: JobResult, api: string) {
  return {
    stdout: result.logs.filter(([, , isStdErr]) => !isStdErr),
    stderr: result.logs.filter(([, , isStdErr]) => isStdErr),
    statusCode: result.StatusCode,
    error: result.error,
    duration: result.duration,
    isTimedOut: result.isTimedOut,
    url: api + paths.publicJob(id),
  };
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
