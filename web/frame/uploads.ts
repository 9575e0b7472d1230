// Turns a file's content into a data ref that a definition can carry: inline when small, else uploaded under its hash.
// What was uploaded once is remembered for as long as the page lives.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import * as v from "valibot";
import { base64OfBytes, type DataRef } from "../../wire/dataRef.ts";
import { checksumHeader, ErrorBody, paths } from "../../wire/http.ts";
import { Sha256 } from "../../wire/ids.ts";
import { inlineRefCharsMax } from "../../wire/limits.ts";
import { hashPieceBytes, transferTimeoutMs } from "../limits.ts";
import type { FileContent } from "./values.ts";

/** An upload that failed, in a sentence for the person who waits for it. */
export class UploadError extends Error {}

export interface Uploader {
  /** @throws UploadError, or the signal's reason once it is aborted. */
  refOf(content: FileContent, api: string, signal: AbortSignal): Promise<DataRef>;
}

export function createUploader(fetcher: typeof fetch): Uploader {
  const stored = new Set<string>();
  return {
    async refOf(content, api, signal) {
      const inline = inlineRef(content);
      if (inline) return inline;
      const body = bytesOf(content);
      const digest = await digestOf(body, signal);
      const hash = v.parse(Sha256, bytesToHex(digest));
      const url = api + paths.blob(hash);
      if (!stored.has(url)) await put(fetcher, url, body, digest, signal);
      stored.add(url);
      return { type: "url", value: url, hash };
    },
  };
}

function inlineRef(content: FileContent): DataRef | undefined {
  if (content.kind === "text")
    return content.text.length <= inlineRefCharsMax ? { type: "utf8", value: content.text } : undefined;
  if (content.kind === "bytes") {
    const chars = Math.ceil(content.bytes.length / 3) * 4;
    return chars <= inlineRefCharsMax ? { type: "base64", value: base64OfBytes(content.bytes) } : undefined;
  }
  const { ref } = content;
  return ref.type === "json" && JSON.stringify(ref.value).length > inlineRefCharsMax ? undefined : ref;
}

function bytesOf(content: FileContent): Uint8Array<ArrayBuffer> {
  if (content.kind === "bytes") return content.bytes;
  const text = content.kind === "text" ? content.text : JSON.stringify(content.ref.value);
  return new TextEncoder().encode(text);
}

/** SHA-256 piece by piece: crypto.subtle is missing on plain http, and one large call would freeze the page. */
async function digestOf(bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const hash = sha256.create();
  for (let at = 0; at < bytes.length; at += hashPieceBytes) {
    if (at > 0) await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
    hash.update(bytes.subarray(at, at + hashPieceBytes));
  }
  return hash.digest();
}

async function put(
  fetcher: typeof fetch,
  url: string,
  body: Uint8Array<ArrayBuffer>,
  digest: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  let response: Response;
  try {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(transferTimeoutMs)]);
    // A redirect to a store's signed URL is followed with method, headers and body.
    response = await fetcher(url, {
      method: "PUT",
      body,
      headers: { [checksumHeader]: base64OfBytes(digest) },
      signal: limited,
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw new UploadError("the queue's server could not be reached", { cause });
  }
  if (!response.ok) throw new UploadError(await reasonOf(response));
}

async function reasonOf(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => undefined);
  const parsed = v.safeParse(ErrorBody, body);
  return parsed.success ? parsed.output.error : `the store answered ${response.status}`;
}
