// A file as a request's body: through two buffers that take turns, as files are read (see readThrough.ts).

import { open } from "node:fs/promises";
import type { Writable } from "node:stream";
import { sentChunkBytes } from "../limits.ts";
import { readThrough } from "./readThrough.ts";

/** Writes a body, not its end. Fails when the connection ends, or with the signal's reason. */
export type SendBody = (to: Writable, signal: AbortSignal) => Promise<void>;

/** The bytes from `start` to before `end`; `sent` hears how many of them have left. */
export function fileBody(
  path: string,
  { start, end }: { readonly start: number; readonly end: number },
  sent: (bytes: number) => void = () => {},
): SendBody {
  return async (to, signal) => {
    const file = await open(path);
    let bytes = 0;
    const look = async (piece: Buffer) => {
      await written(to, piece);
      bytes += piece.length;
      sent(bytes);
    };
    try {
      const read = await readThrough(file, look, { start, end, pieceBytes: sentChunkBytes, signal });
      if (read < end - start) throw new Error("the file has become shorter");
    } finally {
      await file.close();
    }
  };
}

/** The piece's memory may be used again. */
function written(to: Writable, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    // A connection that ends forgets what waits for it.
    const gone = () => reject(new Error("the connection has ended"));
    if (to.destroyed) return gone();
    to.once("close", gone);
    to.write(piece, (error) => {
      to.off("close", gone);
      if (error) reject(error);
      else resolve();
    });
  });
}
