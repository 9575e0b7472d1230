// A file from its beginning to its end through the same two buffers: one is looked at while the other is filled. Streams make a
// new buffer for each piece, and what is thrown away is only collected after many megabytes.

import type { FileHandle } from "node:fs/promises";
import { readChunkBytes } from "../limits.ts";

export interface Reading {
  readonly start?: number;
  /** Behind the last byte. */
  readonly end?: number;
  readonly pieceBytes?: number;
  readonly signal?: AbortSignal;
}

/** Shows `look` each piece, which is its own until it is done. Returns how many bytes there were. */
export async function readThrough(
  file: FileHandle,
  look: (piece: Buffer) => void | Promise<void>,
  { start = 0, end = Number.POSITIVE_INFINITY, pieceBytes = readChunkBytes, signal }: Reading = {},
): Promise<number> {
  const bytes = Math.min(pieceBytes, end - start);
  let [filling, next] = [Buffer.allocUnsafeSlow(bytes), Buffer.allocUnsafeSlow(bytes)];
  let at = start;
  const fill = () => file.read(filling, 0, Math.min(bytes, end - at), at);
  for (let reading = fill(); ; ) {
    const { bytesRead } = await reading;
    if (bytesRead === 0) return at - start;
    signal?.throwIfAborted();
    at += bytesRead;
    const piece = filling.subarray(0, bytesRead);
    [filling, next] = [next, filling];
    reading = fill();
    // Whoever waits for it is thrown it, unless looking throws first.
    reading.catch(() => {});
    await look(piece);
  }
}
