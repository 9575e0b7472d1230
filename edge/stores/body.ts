// A body on its way into a store: read once, chunk by chunk, and ended where it breaks a promise. No more of it is in memory
// than the chunk at hand.

import { uploadSilenceMs } from "../limits.ts";
import type { BlobPut, PutOutcome } from "./blobStore.ts";

/** Where a body's chunks come from: a web stream, or what a platform has in its place. */
export interface BodySource {
  getReader(): BodyReader;
}

export type BodyRead =
  | { readonly done: false; readonly value: Uint8Array }
  | { readonly done: true; readonly value?: unknown };

export interface BodyReader {
  read(): Promise<BodyRead>;
  /** Ends a read that is under way, too. */
  cancel(): Promise<void>;
}

/** SHA-256 over what it is given, one after another. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Once, at the end. */
  hex(): string;
}

/** The body did not become what was promised; nothing of it is kept. */
export class BodyFault extends Error {
  readonly outcome: PutOutcome;

  constructor(outcome: PutOutcome, options?: ErrorOptions) {
    super(`The body was not taken: ${outcome}.`, options);
    this.outcome = outcome;
  }
}

/** The body's chunks. @throws BodyFault when it is too large, breaks off, or is not as long as it said. */
export async function* chunksOf(
  body: BodySource,
  { length, bytesMax }: Pick<BlobPut, "length" | "bytesMax">,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body.getReader();
  let received = 0;
  let atLastLook = -1;
  let silent = false;
  // Ends a read that brings nothing. One timer for the whole body: one for each chunk would cost as much as hashing it.
  const silence = setInterval(() => {
    silent = received === atLastLook;
    if (silent) reader.cancel().catch(() => {});
    atLastLook = received;
  }, uploadSilenceMs);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      received += value.length;
      if (received > bytesMax) throw new BodyFault("tooLarge");
      if (length !== undefined && received > length) throw new BodyFault("incomplete");
      yield value;
    }
    if (silent || (length !== undefined && received < length)) throw new BodyFault("incomplete");
  } catch (cause) {
    // A connection that broke is its sender's affair, and no failure of ours.
    throw cause instanceof BodyFault ? cause : new BodyFault("incomplete", { cause });
  } finally {
    clearInterval(silence);
    // Whoever sends it may never notice, which is no reason to wait.
    reader.cancel().catch(() => {});
  }
}

/** Reads a body to its end and keeps nothing: what it holds is there already. */
export async function checkBody(body: BodySource, put: BlobPut, hasher: Hasher): Promise<PutOutcome> {
  return outcomeOf(async () => {
    for await (const chunk of chunksOf(body, put)) hasher.update(chunk);
    return hashOutcome(put, hasher);
  });
}

export function hashOutcome({ hash }: BlobPut, hasher: Hasher): "stored" | "mismatch" {
  return hash === undefined || hasher.hex() === hash ? "stored" : "mismatch";
}

/** What came of the work, faults of the body included; whatever else fails is thrown. */
export async function outcomeOf(work: () => Promise<PutOutcome>): Promise<PutOutcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BodyFault) return error.outcome;
    throw error;
  }
}
