// For the tests of this folder: how many bytes are held at once. What is garbage doesn't count, so it is collected first.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage: unknown = runInNewContext("gc");

/** Looks taken between two collections, each of which takes some milliseconds. */
const looksBetween = 8;

export class LiveMemory {
  /** The most bytes in buffers beyond what there was at the beginning. */
  most = 0;
  readonly #before = liveBytes();
  #looks = 0;

  look(): void {
    this.#looks += 1;
    if (this.#looks % looksBetween === 0) this.most = Math.max(this.most, liveBytes() - this.#before);
  }
}

function liveBytes(): number {
  if (typeof collectGarbage === "function") collectGarbage();
  return process.memoryUsage().arrayBuffers;
}
