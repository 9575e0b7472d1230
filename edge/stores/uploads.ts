// Large blobs that agents upload in parts: each step is asked for over the agent's own socket and answered from the store alone.
// Nothing is kept here that a step needs, so an upload outlives this process; one that nobody completes goes by the bucket's
// lifecycle. Only the size is checked: who reads a blob verifies it, and a fresh one is never replaced.

import * as v from "valibot";
import type { UploadAnswer, UploadRequest } from "../../wire/agentMessages.ts";
import { BlobKey } from "../../wire/ids.ts";
import { partsBlobBytesMax } from "../../wire/limits.ts";
import { openUploadsMax } from "../limits.ts";
import { type BlobStore, isFresh, type PartUploads } from "./blobStore.ts";

type Answer = UploadAnswer["answer"];

export interface UploadsParts {
  readonly store: BlobStore;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

export class Uploads {
  readonly #parts: UploadsParts;
  /** By session: what it has begun on this process, and not ended. */
  readonly #open = new Map<string, Set<string>>();

  constructor(parts: UploadsParts) {
    this.#parts = parts;
  }

  /** `session` is that of an agent that was welcomed. Never rejects. */
  async answer(session: string, request: UploadRequest): Promise<UploadAnswer> {
    try {
      return { type: "upload", request: request.request, answer: await this.#answer(session, request) };
    } catch (error) {
      this.#parts.onError(error);
      const answer = refused("The store failed at this step; it was logged.", true);
      return { type: "upload", request: request.request, answer };
    }
  }

  /** The agent's socket is gone. What it began it may go on with on another. */
  closed(session: string): void {
    this.#open.delete(session);
  }

  async #answer(session: string, { hash, size, step }: UploadRequest): Promise<Answer> {
    const { parts } = this.#parts.store;
    if (!parts) return { is: "whole" };
    if (size > partsBlobBytesMax) return refused(`A blob in parts has at most ${partsBlobBytesMax} bytes.`);
    const key = v.parse(BlobKey, hash);
    const partBytes = parts.partBytes(size);
    const count = Math.ceil(size / partBytes);
    switch (step.do) {
      case "begin":
        return this.#begin(session, parts, key, partBytes);
      case "sign": {
        if (step.first + step.count - 1 > count) return refused(`A blob of ${size} bytes has ${count} parts.`);
        const numbers = Array.from({ length: step.count }, (_, index) => step.first + index);
        const lengthOf = (number: number) => Math.min(partBytes, size - (number - 1) * partBytes);
        const urls = numbers.map((number) => parts.url(key, step.upload, { number, length: lengthOf(number) }));
        return { is: "signed", urls: await Promise.all(urls) };
      }
      case "complete":
        if (step.etags.length !== count) return refused(`A blob of ${size} bytes has ${count} parts.`);
        return this.#complete(session, parts, key, { ...step, size });
      case "abort":
        this.#open.get(session)?.delete(step.upload);
        await parts.abort(key, step.upload);
        return { is: "aborted" };
    }
  }

  async #begin(session: string, parts: PartUploads, key: BlobKey, partBytes: number): Promise<Answer> {
    if (await this.#isThere(key)) return { is: "stored" };
    const open = this.#open.get(session) ?? new Set();
    if (open.size >= openUploadsMax) return refused(`An agent has at most ${openUploadsMax} uploads in parts.`, true);
    // Holds the place while the store is asked.
    const place = crypto.randomUUID();
    this.#open.set(session, open.add(place));
    try {
      const upload = await parts.begin(key);
      open.add(upload);
      return { is: "begun", upload, partBytes };
    } finally {
      open.delete(place);
    }
  }

  async #complete(
    session: string,
    parts: PartUploads,
    key: BlobKey,
    { upload, etags, size }: { readonly upload: string; readonly etags: readonly string[]; readonly size: number },
  ): Promise<Answer> {
    // Another agent was first; or this is a repeat, and the answer to the first got lost.
    if (await this.#isThere(key)) {
      await parts.abort(key, upload);
      this.#open.get(session)?.delete(upload);
      return { is: "stored" };
    }
    const outcome = await parts.complete(key, upload, { size, etags });
    this.#open.get(session)?.delete(upload);
    switch (outcome) {
      case "stored":
        return { is: "stored" };
      case "mismatch":
        return refused("The parts that the store has are not those of this blob.");
      case "unknown":
        return refused("The store no longer knows this upload: begin again.");
    }
  }

  async #isThere(key: BlobKey): Promise<boolean> {
    return isFresh(await this.#parts.store.info(key), this.#parts.now());
  }
}

function refused(error: string, again = false): Answer {
  return { is: "refused", error, again };
}
