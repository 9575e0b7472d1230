// The blobs that a log is read from. Their hashes come from agents: whatever does not fit is left out, as a gap.

import * as v from "valibot";
import { BlobKey } from "../../wire/ids.ts";
import { resultBytesMax } from "../../wire/limits.ts";
import { LogPiece } from "../../wire/logPiece.ts";
import { JobResult } from "../../wire/result.ts";
import type { BlobStore } from "../stores/blobStore.ts";
import type { LogBlobs } from "./slice.ts";

export function logBlobs(blobs: BlobStore): LogBlobs {
  return {
    piece: (block) => readAs(blobs, LogPiece, block),
    result: async (ref) => (ref.size > resultBytesMax ? undefined : readAs(blobs, JobResult, ref)),
  };
}

async function readAs<S extends v.GenericSchema>(
  blobs: BlobStore,
  schema: S,
  { hash, size }: { readonly hash: string; readonly size: number },
): Promise<v.InferOutput<S> | undefined> {
  if (size === 0) return undefined;
  // No more than was announced, whatever the blob is.
  const body = await blobs.read(v.parse(BlobKey, hash), { start: 0, end: size - 1 });
  if (!body) return undefined;
  const text = await new Response(body).text();
  try {
    const parsed = v.safeParse(schema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    // Not JSON: some other blob.
    return undefined;
  }
}
