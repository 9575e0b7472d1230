// Where blobs are kept. A key is `f/<key>` in a bucket and a file in a folder; no request can name anything else.

import type { BlobKey, Sha256 } from "../../wire/ids.ts";
import { blobFreshMs } from "../limits.ts";
import type { BodySource } from "./body.ts";

export interface BlobInfo {
  readonly size: number;
  /** Undefined where the store doesn't say: such a blob counts as old. */
  readonly modifiedAt: number | undefined;
}

/** Bytes `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface BlobPut {
  /** What the bytes must hash to; with it the blob may be written again, without it the key is write-once. */
  readonly hash: Sha256 | undefined;
  readonly length: number | undefined;
  readonly bytesMax: number;
}

/** `needsLength`: it came without a length and is too large to be gathered. `full`: the store has no room. */
export type PutOutcome = "stored" | "mismatch" | "exists" | "tooLarge" | "incomplete" | "needsLength" | "full";

export interface BlobStore {
  info(key: BlobKey): Promise<BlobInfo | undefined>;
  read(key: BlobKey, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>;
  /** Streams a body in; a blob is there whole or not at all. */
  write(key: BlobKey, body: BodySource, put: BlobPut): Promise<PutOutcome>;
  /** Reads the body of a blob that is there already: it must be the same, and is not kept. */
  check(body: BodySource, put: BlobPut): Promise<PutOutcome>;
  /** For stores that serve bytes themselves: one method, one key, short-lived. */
  readonly signed: SignedUrls | undefined;
  /** For stores that take a large blob in parts. */
  readonly parts: PartUploads | undefined;
}

export interface SignedUrls {
  /** `fileName` is what a browser saves it as. */
  get(key: BlobKey, fileName: string | undefined): Promise<string>;
  /** The upload must carry exactly this length and this SHA-256 (base64). */
  put(key: BlobKey, length: number, checksum: string): Promise<string>;
}

/** A blob that comes in parts, numbered from 1 and all of `partBytes` but the last. It is there once it is complete. */
export interface PartUploads {
  partBytes(size: number): number;
  /** The upload's id at the store. */
  begin(key: BlobKey): Promise<string>;
  /** The upload of this part must have exactly this length. */
  url(key: BlobKey, upload: string, part: { readonly number: number; readonly length: number }): Promise<string>;
  /** `etags` are the store's answers to the parts, in their order. A blob that has not this size is removed. */
  complete(key: BlobKey, upload: string, whole: WholeBlob): Promise<"stored" | "mismatch" | "unknown">;
  abort(key: BlobKey, upload: string): Promise<void>;
}

export interface WholeBlob {
  readonly size: number;
  readonly etags: readonly string[];
}

/** Whether a result may rely on the blob for as long as results are kept. */
export function isFresh(info: BlobInfo | undefined, now: number): info is BlobInfo {
  return info?.modifiedAt !== undefined && now - info.modifiedAt < blobFreshMs;
}
