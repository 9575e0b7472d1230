// Turns a file's content into a data ref that a definition can carry: inline when small, else stored under its hash. A large
// file is never in memory: it is hashed piece by piece and sent by the browser from where it lies. What was stored once is
// remembered for as long as the page lives.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import * as v from "valibot";
import { base64OfBytes, type DataRef } from "../../wire/dataRef.ts";
import { checksumHeader, ErrorBody, ExistsAnswer, paths } from "../../wire/http.ts";
import { Sha256 } from "../../wire/ids.ts";
import { inlineRefCharsMax } from "../../wire/limits.ts";
import { askFirstBytes, hashPieceBytes, requestTimeoutMs } from "../limits.ts";
import { base64Chars, type FileContent, unreadableFile } from "./values.ts";

/** An upload that failed, in a sentence for the person who waits for it. */
export class UploadError extends Error {}
/** Its bytes can't be read: the file has changed or vanished where it lay. */
export class UnreadableError extends UploadError {}

/** How far a file is: first its bytes are read for their hash, then sent. */
export interface Progress {
  readonly step: "reading" | "sending";
  readonly done: number;
  readonly total: number;
}

/** Sends a body, and tells how many of its bytes have left. Rejects when nobody answers, or with the signal's reason. */
export type SendBlob = (
  url: string,
  body: Blob,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  sent: (bytes: number) => void,
) => Promise<{ readonly status: number; readonly text: string }>;

export interface Uploader {
  /** @throws UploadError, or the signal's reason once it is aborted. */
  refOf(content: FileContent, api: string, signal: AbortSignal, watch?: (progress: Progress) => void): Promise<DataRef>;
}

interface Sending {
  readonly body: Blob;
  readonly hash: Sha256;
  readonly checksum: string;
  readonly signal: AbortSignal;
  readonly watch: (progress: Progress) => void;
}

export function createUploader(tools: { readonly fetch: typeof fetch; readonly send: SendBlob }): Uploader {
  const stored = new Set<string>();
  return {
    async refOf(content, api, signal, watch = () => {}) {
      const inline = inlineRef(content);
      if (inline) return inline;
      const body = bodyOf(content);
      const digest = await digestOf(body, signal, watch);
      const hash = v.parse(Sha256, bytesToHex(digest));
      const url = api + paths.blob(hash);
      if (!stored.has(url)) await store(url, { body, hash, checksum: base64OfBytes(digest), signal, watch }, tools);
      stored.add(url);
      return { type: "url", value: url, hash };
    },
  };
}

function inlineRef(content: FileContent): DataRef | undefined {
  switch (content.kind) {
    case "text":
      return content.text.length <= inlineRefCharsMax ? { type: "utf8", value: content.text } : undefined;
    case "bytes":
      return base64Chars(content.bytes.length) <= inlineRefCharsMax
        ? { type: "base64", value: base64OfBytes(content.bytes) }
        : undefined;
    case "blob":
      return undefined;
    case "ref":
      return content.ref.type === "json" && JSON.stringify(content.ref.value).length > inlineRefCharsMax
        ? undefined
        : content.ref;
  }
}

/** Without a type: a store is told nothing of what it may be. */
function bodyOf(content: FileContent): Blob {
  switch (content.kind) {
    case "text":
      return new Blob([content.text]);
    case "bytes":
      return new Blob([content.bytes]);
    case "blob":
      return content.blob.slice();
    case "ref":
      return new Blob([JSON.stringify(content.ref.value)]);
  }
}

/**
 * SHA-256 piece by piece: crypto.subtle is missing on plain http and can't stream. Each piece comes as an event of its own,
 * so that the page draws and answers in between; the next is fetched meanwhile.
 */
async function digestOf(body: Blob, signal: AbortSignal, watch: Sending["watch"]): Promise<Uint8Array> {
  const hash = sha256.create();
  const piece = (at: number) => body.slice(at, at + hashPieceBytes).arrayBuffer();
  let next = piece(0);
  for (let at = 0; at < body.size; at += hashPieceBytes) {
    watch({ step: "reading", done: at, total: body.size });
    const bytes = await next.catch((cause: unknown) => {
      throw new UnreadableError(unreadableFile, { cause });
    });
    signal.throwIfAborted();
    next = piece(at + hashPieceBytes);
    // It is awaited in the next round; until then its failure is nobody's.
    next.catch(() => {});
    hash.update(new Uint8Array(bytes));
  }
  watch({ step: "reading", done: body.size, total: body.size });
  return hash.digest();
}

async function store(url: string, sending: Sending, tools: Parameters<typeof createUploader>[0]): Promise<void> {
  const { body, checksum, signal, watch } = sending;
  const total = body.size;
  const known = total > askFirstBytes ? await asked(url, sending, tools.fetch) : undefined;
  if (known?.exists) return;
  watch({ step: "sending", done: 0, total });
  const sent = (bytes: number) => watch({ step: "sending", done: Math.min(bytes, total), total });
  const answer = await tools
    .send(known?.upload ?? url, body, { [checksumHeader]: checksum }, signal, sent)
    .catch(async (cause: unknown) => {
      signal.throwIfAborted();
      // A browser does not tell a file that changed on disk from a network that broke: its first byte does.
      await body
        .slice(0, 1)
        .arrayBuffer()
        .catch(() => {
          throw new UnreadableError(unreadableFile, { cause });
        });
      throw new UploadError("the queue's server could not be reached", { cause });
    });
  if (answer.status < 200 || answer.status > 299) throw new UploadError(reasonOf(answer));
}

/** Whether the store has it, and where to send it: one that takes files itself is not sent to by way of its server. */
async function asked(url: string, { body, signal }: Sending, fetcher: typeof fetch): Promise<ExistsAnswer | undefined> {
  try {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]);
    const response = await fetcher(`${url}/exists?length=${body.size}`, { signal: limited });
    const parsed = v.safeParse(ExistsAnswer, await response.json());
    return parsed.success ? parsed.output : undefined;
  } catch {
    signal.throwIfAborted();
    // Sending it says better what is wrong.
    return undefined;
  }
}

function reasonOf({ status, text }: { readonly status: number; readonly text: string }): string {
  try {
    const parsed = v.safeParse(ErrorBody, JSON.parse(text));
    if (parsed.success) return parsed.output.error;
  } catch {
    // A store's own errors are no JSON.
  }
  return `the store answered ${status}`;
}
