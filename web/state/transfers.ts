// Files on their way to the store: who they are, how far, and how to stop one.

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { DataRef } from "../../wire/dataRef.ts";
import { type Progress, UploadError, type Uploader } from "../frame/uploads.ts";
import type { FileContent } from "../frame/values.ts";

export interface Transfer extends Progress {
  readonly name: string;
  stop(): void;
}

export interface Transfers {
  /** In the order in which they began. */
  readonly active: ReadonlySignal<readonly Transfer[]>;
  /** Stores a file, or keeps little of it in the reference itself. @throws UploadError, or the signal's reason. */
  upload(name: string, content: FileContent, api: string, signal: AbortSignal): Promise<DataRef>;
  stopAll(): void;
}

export function createTransfers(uploader: Uploader): Transfers {
  const byNumber = signal<ReadonlyMap<number, Transfer>>(new Map());
  let count = 0;
  const active = computed(() => [...byNumber.value.values()]);
  return {
    active,
    async upload(name, content, api, signal) {
      const number = count++;
      const own = new AbortController();
      const stop = () => own.abort(new UploadError(`${name} was cancelled`));
      const watch = (progress: Progress) => {
        if (!own.signal.aborted) byNumber.value = new Map(byNumber.peek()).set(number, { ...progress, name, stop });
      };
      try {
        return await uploader.refOf(content, api, AbortSignal.any([signal, own.signal]), watch);
      } finally {
        byNumber.value = new Map([...byNumber.peek()].filter(([other]) => other !== number));
      }
    },
    stopAll() {
      for (const one of active.peek()) one.stop();
    },
  };
}
