// A file's bytes as the body of an answer. As a stream every piece is a new buffer, and Node copies it once more; collecting them
// costs several times what sending does. So the Node shell sends the file itself, through two buffers that take turns.

import type { FileHandle } from "node:fs/promises";
import type { Writable } from "node:stream";
import { folderChunkBytes, sentChunkBytes } from "../limits.ts";
import type { ByteRange } from "./blobStore.ts";

export class FileBody extends ReadableStream<Uint8Array> {
  readonly #file: FileHandle;
  readonly #range: ByteRange;

  /** The file is closed when it has been read, sent or cancelled. */
  constructor(file: FileHandle, range: ByteRange) {
    let at = range.start;
    super(
      {
        pull: async (controller) => {
          const length = Math.min(folderChunkBytes, range.end + 1 - at);
          const { bytesRead, buffer } = await file.read(new Uint8Array(Math.max(length, 0)), 0, length, at);
          at += bytesRead;
          if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
          await file.close();
          if (at > range.end) controller.close();
          else controller.error(new Error("The file is shorter than it was."));
        },
        cancel: () => file.close(),
      },
      { highWaterMark: 0 },
    );
    this.#file = file;
    this.#range = range;
  }

  /** In place of reading it: resolves when all has left, and fails when the other side went away. */
  async sendTo(outgoing: Writable): Promise<void> {
    const { start, end } = this.#range;
    const size = Math.min(sentChunkBytes, end + 1 - start);
    let [filling, sending] = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)];
    let at = start;
    const fill = () => this.#file.read(filling, 0, Math.min(size, end + 1 - at), at);
    try {
      for (let reading = fill(); at <= end; ) {
        const { bytesRead } = await reading;
        if (bytesRead === 0) throw new Error("The file is shorter than it was.");
        at += bytesRead;
        [filling, sending] = [sending, filling];
        reading = fill();
        // Whoever waits for it is thrown it, unless sending fails first.
        reading.catch(() => {});
        await sent(outgoing, sending.subarray(0, bytesRead));
      }
    } finally {
      await this.#file.close();
    }
  }
}

/** The buffer may be used again. */
function sent(outgoing: Writable, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    // A connection that ends forgets what waits for it.
    const gone = () => reject(new Error("The connection has ended."));
    if (outgoing.destroyed) return gone();
    outgoing.once("close", gone);
    outgoing.write(piece, (error) => {
      outgoing.off("close", gone);
      if (error) reject(error);
      else resolve();
    });
  });
}
