// Removes old blobs of a folder, a subfolder at a time. Which one follows from the clock, so that a process that is often
// started again gets to all of them.

import { blobKeepMs, blobSweepEveryMs } from "../limits.ts";
import type { FolderStore } from "../stores/folder.ts";

export interface BlobSweepOptions {
  readonly keepMs?: number | undefined;
  readonly everyMs?: number;
  readonly now: () => number;
  readonly onError: (error: unknown, where: string) => void;
}

/** Runs until the returned function is called, which resolves when nothing of it is under way. */
export function sweepBlobs(store: Pick<FolderStore, "sweep">, options: BlobSweepOptions): () => Promise<void> {
  const { keepMs = blobKeepMs, everyMs = blobSweepEveryMs, now, onError } = options;
  const stopping = new AbortController();
  let underWay = Promise.resolve();
  const sweep = async () => {
    try {
      await store.sweep(Math.floor(now() / everyMs), now() - keepMs, stopping.signal);
    } catch (error) {
      // The next turn looks again.
      onError(error, "blob sweep");
    }
    if (!stopping.signal.aborted) arm();
  };
  let timer: NodeJS.Timeout;
  const arm = () => {
    timer = setTimeout(() => {
      underWay = sweep();
    }, everyMs);
    timer.unref();
  };
  arm();
  return async () => {
    stopping.abort();
    clearTimeout(timer);
    await underWay;
  };
}
