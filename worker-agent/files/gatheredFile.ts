// A new file, written in large pieces while more comes in: a system call and a turn of the thread pool for each small one
// would cost more than hashing it.

import { type FileHandle, open } from "node:fs/promises";
import { readChunkBytes } from "../limits.ts";

/** Writes what `chunks` brings, and `look` has seen. @throws what either meets; the file is closed in any case. */
export async function writeGathered(
  path: string,
  chunks: AsyncIterable<Buffer>,
  look: (chunk: Buffer) => void,
): Promise<void> {
  const file = await open(path, "wx");
  let writing = Promise.resolve();
  try {
    let pieces: Buffer[] = [];
    let gathered = 0;
    for await (const chunk of chunks) {
      look(chunk);
      pieces.push(chunk);
      gathered += chunk.length;
      if (gathered < readChunkBytes) continue;
      await writing;
      writing = writeAll(file, pieces, gathered);
      // Whoever writes next is thrown it.
      writing.catch(() => {});
      [pieces, gathered] = [[], 0];
    }
    await writing;
    await writeAll(file, pieces, gathered);
  } finally {
    await writing.catch(() => {});
    await file.close();
  }
}

async function writeAll(file: FileHandle, pieces: readonly Buffer[], length: number): Promise<void> {
  if (length === 0) return;
  const { bytesWritten } = await file.writev(pieces);
  if (bytesWritten === length) return;
  // A disk that is nearly full, or a signal: what is left is written alone, and says what is wrong.
  const rest = Buffer.concat(pieces).subarray(bytesWritten);
  for (let at = 0; at < rest.length; ) at += (await file.write(rest, at)).bytesWritten;
}
