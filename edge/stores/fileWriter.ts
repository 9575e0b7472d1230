// Writes a file as fast as the disk takes it: pieces are gathered into larger ones, and one is written, and what was written
// flushed, while the next comes in.

import type { FileHandle } from "node:fs/promises";
import { folderChunkBytes, folderFlushBytes } from "../limits.ts";

export class FileWriter {
  readonly #file: FileHandle;
  #pieces: Uint8Array[] = [];
  #gathered = 0;
  #unflushed = 0;
  #writing: Promise<void> = Promise.resolve();
  #flushing: Promise<void> | undefined;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Resolves when there is room for more. @throws what an earlier write met. */
  async write(piece: Uint8Array): Promise<void> {
    this.#pieces.push(piece);
    this.#gathered += piece.length;
    if (this.#gathered >= folderChunkBytes) await this.#send();
  }

  /** Everything is on the disk. */
  async finish(): Promise<void> {
    await this.#send();
    await this.#writing;
    await this.#flushing;
    await this.#file.datasync();
  }

  /** Nothing of it is under way any more, however it went. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#flushing]);
  }

  async #send(): Promise<void> {
    const [pieces, length] = [this.#pieces, this.#gathered];
    [this.#pieces, this.#gathered] = [[], 0];
    await this.#writing;
    this.#writing = writeAll(this.#file, pieces, length);
    // Whoever writes or finishes next is thrown it.
    this.#writing.catch(() => {});
    this.#unflushed += length;
    if (this.#unflushed >= folderFlushBytes && !this.#flushing) this.#flush();
  }

  // Left to the end, the flush of a large file would take as long as all that came before it.
  #flush(): void {
    this.#unflushed = 0;
    const flushing = this.#file.datasync().finally(() => {
      if (this.#flushing === flushing) this.#flushing = undefined;
    });
    flushing.catch(() => {});
    this.#flushing = flushing;
  }
}

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[], length: number): Promise<void> {
  const { bytesWritten } = await file.writev(pieces);
  if (bytesWritten === length) return;
  // A disk that is nearly full, or a signal: what is left is written alone, and says what is wrong.
  const rest = Buffer.concat(pieces).subarray(bytesWritten);
  for (let at = 0; at < rest.length; ) at += (await file.write(rest, at)).bytesWritten;
}
