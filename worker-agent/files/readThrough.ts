// A file from its beginning to its end through the same two buffers: one is looked at while the other is filled. Streams make a
// new buffer for each piece, and what is thrown away is only collected after many megabytes.

import type { FileHandle } from "node:fs/promises";
import { readChunkBytes } from "../limits.ts";

/** Shows `look` each piece, which is only valid during the call. Returns how many bytes there were. */
export async function readThrough(
  file: FileHandle,
  look: (piece: Buffer) => void,
  signal?: AbortSignal,
): Promise<number> {
  let [filling, next] = [Buffer.allocUnsafeSlow(readChunkBytes), Buffer.allocUnsafeSlow(readChunkBytes)];
  const fill = (buffer: Buffer) => file.read(buffer, 0, buffer.length, null);
  let size = 0;
  for (let reading = fill(filling); ; ) {
    const { bytesRead } = await reading;
    if (bytesRead === 0) return size;
    signal?.throwIfAborted();
    const piece = filling.subarray(0, bytesRead);
    [filling, next] = [next, filling];
    reading = fill(filling);
    // Whoever waits for it is thrown it, unless looking throws first.
    reading.catch(() => {});
    look(piece);
    size += bytesRead;
  }
}
