// Where blobs are kept. A key is `f/<key>` in a bucket and a file in a folder; no request can name anything else.

import type { BlobKey, Sha256 } from "../../wire/ids.ts";

export interface BlobInfo {
  readonly size: number;
  readonly modifiedAt: number;
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

export type PutOutcome = "stored" | "mismatch" | "exists" | "tooLarge" | "incomplete";

export interface BlobStore {
  info(key: BlobKey): Promise<BlobInfo | undefined>;
  read(key: BlobKey, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>;
  /** Streams a body in; a blob is there whole or not at all. */
  write(key: BlobKey, body: ReadableStream<Uint8Array>, put: BlobPut): Promise<PutOutcome>;
  /** For stores that serve bytes themselves: one method, one key, short-lived. */
  readonly signed: SignedUrls | undefined;
}

export interface SignedUrls {
  /** `fileName` is what a browser saves it as. */
  get(key: BlobKey, fileName: string | undefined): Promise<string>;
  /** The upload must carry exactly this length and this SHA-256 (base64). */
  put(key: BlobKey, length: number, checksum: string): Promise<string>;
}
