// Finishes that the queue has not answered yet, on disk: an agent that restarts sends them again.

import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { Finish, type Held, SealedPiece } from "../../wire/agentMessages.ts";
import { QueueHash } from "../../wire/ids.ts";
import { readJson, writeWhole } from "../atomicFile.ts";
import { messageOf } from "../fault.ts";
import { spoolKeepMs } from "../limits.ts";
import type { World } from "../world.ts";

/** With the pieces of its log, which the queue must know first: whoever told it of them may have died since. */
const SpooledFinish = v.object({ ...Finish.entries, pieces: v.optional(v.array(SealedPiece), []) });
export type SpooledFinish = v.InferOutput<typeof SpooledFinish>;

export class Spool {
  readonly #folder: string;
  readonly #world: World;
  readonly #finishes = new Map<QueueHash, Map<string, SpooledFinish>>();

  private constructor(folder: string, world: World) {
    this.#folder = folder;
    this.#world = world;
  }

  static async open(folder: string, world: World): Promise<Spool> {
    const spool = new Spool(folder, world);
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      const queue = v.safeParse(QueueHash, name);
      if (queue.success) await spool.#load(queue.output);
    }
    return spool;
  }

  /**
   * Resolves when the finish is on disk; from then on it is offered to the queue until it is answered. One that the disk does
   * not take is offered all the same, as long as this process lives: what it resolves to is why.
   */
  async put(queue: QueueHash, finish: SpooledFinish): Promise<string | undefined> {
    const written = writeWhole(this.#pathOf(queue, finish), JSON.stringify(finish), this.#world.newId);
    const why = await written.then(() => undefined, messageOf);
    this.#of(queue).set(keyOf(finish), finish);
    return why;
  }

  /** The oldest first. */
  finishes(queue: QueueHash): readonly SpooledFinish[] {
    return [...(this.#finishes.get(queue)?.values() ?? [])];
  }

  has(queue: QueueHash, held: Held): boolean {
    return this.#finishes.get(queue)?.has(keyOf(held)) === true;
  }

  get size(): number {
    return [...this.#finishes.values()].reduce((sum, finishes) => sum + finishes.size, 0);
  }

  /** The queue has answered. */
  async drop(queue: QueueHash, held: Held): Promise<void> {
    if (!this.#of(queue).delete(keyOf(held))) return;
    await rm(this.#pathOf(queue, held), { force: true });
  }

  async #load(queue: QueueHash): Promise<void> {
    const folder = join(this.#folder, queue);
    for (const name of (await readdir(folder)).sort()) {
      const path = join(folder, name);
      const parsed = v.safeParse(SpooledFinish, await readJson(path));
      const { mtimeMs } = await stat(path);
      // A file that a crash left unfinished, or one that no queue has asked for in all that time.
      if (!parsed.success || name !== `${keyOf(parsed.output)}.json` || mtimeMs < this.#world.now() - spoolKeepMs)
        await rm(path);
      else this.#of(queue).set(keyOf(parsed.output), parsed.output);
    }
  }

  #of(queue: QueueHash): Map<string, SpooledFinish> {
    const finishes = this.#finishes.get(queue) ?? new Map<string, SpooledFinish>();
    this.#finishes.set(queue, finishes);
    return finishes;
  }

  #pathOf(queue: QueueHash, held: Held): string {
    return join(this.#folder, queue, `${keyOf(held)}.json`);
  }
}

function keyOf({ job, attempt }: Held): string {
  return `${job}-${attempt}`;
}
