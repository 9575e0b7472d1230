// Holds a running job to its disk: what it writes to /outputs and into its own file system, and what its queue keeps in
// /job-cache. Bind mounts have no quota. For the rest the engine may have one; one that accepts it does not always keep it.

import { JobFault, messageOf, Stopped } from "../fault.ts";
import { sizeText } from "../job/allowance.ts";
import { diskLookMs, diskLookShare } from "../limits.ts";
import { sleep } from "../retry.ts";
import { treeSize } from "./treeSize.ts";

export interface DiskWatch {
  readonly outputs: string;
  readonly jobCache: string;
  readonly diskBytes: number;
  readonly jobCacheBytes: number;
  /** Bytes that the container wrote into its own file system. */
  readonly written: (signal: AbortSignal) => Promise<number>;
  readonly now: () => number;
  /** A look failed: the next one may not. */
  readonly failed: (message: string) => void;
}

/** Does the work. @throws JobFault with a sentence, the work aborted, once the job has written more than it may. */
export async function withinDisk<T>(
  watch: DiskWatch,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const done = new AbortController();
  const watching = watched(watch, AbortSignal.any([signal, done.signal])).then((sentence) => {
    // Nothing that it does with its last seconds would be of use.
    if (sentence !== undefined) over.abort(new Stopped(sentence, 0));
  });
  try {
    const result = await work(AbortSignal.any([signal, over.signal]));
    // What ended between two looks.
    const sentence = await outputsFault(watch, signal);
    if (sentence !== undefined) throw new JobFault(sentence);
    return result;
  } catch (error) {
    signal.throwIfAborted();
    if (over.signal.aborted) throw new JobFault(messageOf(over.signal.reason), { cause: error });
    throw error;
  } finally {
    done.abort();
    await watching;
  }
}

/** The sentence once there is one. Undefined when the signal is aborted. */
async function watched(watch: DiskWatch, signal: AbortSignal): Promise<string | undefined> {
  let cacheBefore: number | undefined;
  let pauseMs = diskLookMs;
  while (!signal.aborted) {
    try {
      await sleep(pauseMs, signal);
      const from = watch.now();
      const cache = await treeSize(watch.jobCache, { now: watch.now, signal });
      // What was there already is not this job's doing, and will be cleared when no job uses it.
      cacheBefore ??= cache;
      const sentence = (await jobFault(watch, signal)) ?? cacheFault(cache, cacheBefore, watch.jobCacheBytes);
      if (sentence !== undefined) return sentence;
      // Many files take long to count: the looks stay a small part of the time.
      pauseMs = Math.max(diskLookMs, (watch.now() - from) * diskLookShare);
    } catch (error) {
      if (!signal.aborted) watch.failed(messageOf(error));
    }
  }
  return undefined;
}

async function jobFault(watch: DiskWatch, signal: AbortSignal): Promise<string | undefined> {
  const { outputs, diskBytes, now } = watch;
  const inOutputs = await treeSize(outputs, { now, enough: diskBytes, signal });
  return faultOf(inOutputs + (inOutputs > diskBytes ? 0 : await watch.written(signal)), diskBytes);
}

async function outputsFault({ outputs, diskBytes, now }: DiskWatch, signal: AbortSignal): Promise<string | undefined> {
  return faultOf(await treeSize(outputs, { now, enough: diskBytes, signal }), diskBytes);
}

function faultOf(bytes: number, most: number): string | undefined {
  if (bytes <= most) return undefined;
  return `The job wrote ${sizeText(bytes)} to disk, more than the ${sizeText(most)} that this agent's operator allows a job.`;
}

function cacheFault(bytes: number, before: number, most: number): string | undefined {
  if (bytes <= most || bytes <= before) return undefined;
  return `/job-cache holds ${sizeText(bytes)}, more than the ${sizeText(most)} that this agent's operator allows it.`;
}
