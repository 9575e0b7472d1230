// The blobs of a Node process: a bucket, or the data folder with the sweep that a bucket does by itself.

import { join } from "node:path";
import type { BlobStore } from "../stores/blobStore.ts";
import { FolderStore } from "../stores/folder.ts";
import { S3Store } from "../stores/s3.ts";
import type { S3Settings } from "../stores/s3Bucket.ts";
import { type BlobSweepOptions, sweepBlobs } from "./blobSweep.ts";
import { nodeStorePlatform } from "./storePlatform.ts";

export interface OpenBlobs {
  readonly store: BlobStore;
  close(): Promise<void>;
}

export async function openBlobs(
  dataDir: string,
  s3: S3Settings | undefined,
  sweep: BlobSweepOptions,
): Promise<OpenBlobs> {
  if (s3) return { store: new S3Store(s3, nodeStorePlatform), close: async () => {} };
  const store = await FolderStore.open(join(dataDir, "blobs"));
  return { store, close: sweepBlobs(store, sweep) };
}
