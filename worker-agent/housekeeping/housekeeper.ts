// Keeps room on the disks that this agent fills: looks how much is free, and removes what was used longest ago.

import { statfs } from "node:fs/promises";
import { messageOf } from "../fault.ts";
import { sizeText } from "../job/allowance.ts";
import { diskFullBytes, diskStatMs, housekeepingMs, roomShare } from "../limits.ts";
import type { LogSink } from "../log.ts";
import type { World } from "../world.ts";
import { chosen, type Pile, type Spare } from "./pile.ts";

/** A disk by a folder on it, with what may be removed there. */
export interface Disk {
  readonly path: string;
  readonly piles: (signal: AbortSignal) => Promise<readonly Pile[]>;
}

export interface HousekeeperOptions {
  readonly disks: readonly Disk[];
  readonly keepFreeBytes: number;
  readonly freeBytes?: (path: string) => Promise<number>;
  /** Why no more jobs should come, as a sentence; undefined when they may again. */
  readonly changed: (sentence: string | undefined) => void;
  readonly world: Pick<World, "elapsed">;
  readonly log: LogSink;
}

export class Housekeeper {
  readonly #options: HousekeeperOptions;
  readonly #freeBytes: (path: string) => Promise<number>;
  readonly #closing = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #countedAt: number | undefined;
  #looking: Promise<void> | undefined;
  /** Disks on which too little is free and nothing can be removed: said once. */
  readonly #full = new Set<string>();

  constructor(options: HousekeeperOptions) {
    this.#options = options;
    this.#freeBytes = options.freeBytes ?? freeBytesOf;
    this.#timer = setInterval(() => void this.look(), diskStatMs).unref();
    void this.look();
  }

  /** Resolves when it has been tidied. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort(new Error("The agent is stopping."));
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { world, disks, log } = this.#options;
    // Counting what is there takes longer than asking what is free.
    const counts = this.#countedAt === undefined || world.elapsed() - this.#countedAt >= housekeepingMs;
    if (counts) this.#countedAt = world.elapsed();
    for (const disk of disks) {
      try {
        await this.#tidy(disk, counts);
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        log({ event: "housekeeping failed", level: "warn", message: messageOf(error) });
      }
    }
  }

  async #tidy({ path, piles }: Disk, counts: boolean): Promise<void> {
    const { keepFreeBytes } = this.#options;
    const signal = this.#closing.signal;
    const free = await this.#freeBytes(path);
    const isLow = free < keepFreeBytes;
    const fullBelow = Math.min(keepFreeBytes, diskFullBytes);
    if (!isLow && !counts) return this.#said(path, false, free);
    // Somewhat more than is missing, or the next file would begin it all again.
    const missing = isLow ? keepFreeBytes / roomShare - free : 0;
    const removed: Spare[] = [];
    for (const spare of chosen(await piles(signal), missing)) {
      signal.throwIfAborted();
      if (await this.#remove(spare)) removed.push(spare);
    }
    const left = removed.length > 0 ? await this.#freeBytes(path) : free;
    if (removed.length > 0) this.#options.log({ event: "housekeeping", message: sentenceOf(removed, left) });
    this.#said(path, left < fullBelow, left);
  }

  async #remove(spare: Spare): Promise<boolean> {
    try {
      return await spare.remove(this.#closing.signal);
    } catch (error) {
      this.#closing.signal.throwIfAborted();
      // One thing that can't be removed, a file of another user's for one, is no reason to keep the others.
      this.#options.log({ event: "not removed", level: "warn", what: spare.what, message: messageOf(error) });
      return false;
    }
  }

  #said(path: string, isFull: boolean, free: number): void {
    const { log, changed } = this.#options;
    if (isFull === this.#full.has(path)) return;
    if (isFull) {
      this.#full.add(path);
      const sentence = `${sizeText(free)} are free where ${path} is, too little for jobs, and the agent has nothing there that it could remove.`;
      log({ event: "disk nearly full", level: "warn", message: sentence });
      changed("Its disk is nearly full.");
    } else {
      this.#full.delete(path);
      log({ event: "disk has room again", message: `${sizeText(free)} are free where ${path} is.` });
      if (this.#full.size === 0) changed(undefined);
    }
  }
}

async function freeBytesOf(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

function sentenceOf(removed: readonly Spare[], free: number): string {
  const kinds = Map.groupBy(removed, ({ what }) => what);
  const counts = [...kinds].map(([what, spares]) => `${spares.length} of ${what}`);
  const bytes = removed.reduce((total, spare) => total + spare.bytes, 0);
  return `Removed what was used longest ago (${counts.join(", ")}; ${sizeText(bytes)}). ${sizeText(free)} are free.`;
}
