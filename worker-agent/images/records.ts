// What is known of the images that this agent has pulled or built: under which name, whether everyone could get them, and when
// they were last used. Kept in the data folder.

import { join } from "node:path";
import * as v from "valibot";
import { readJson, writeWhole } from "../atomicFile.ts";
import type { World } from "../world.ts";
import { imageRecordsMax, usedGrainMs } from "./limits.ts";

const ImageRecord = v.object({
  name: v.string(),
  /** The engine's id. */
  id: v.string(),
  /** Pulled without a login, or with one, or built. */
  from: v.picklist(["everyone", "login", "build"]),
  /** Whether this agent brought it here, and may remove it. */
  ours: v.boolean(),
  /** When the registry was asked last. */
  askedAt: v.number(),
  usedAt: v.number(),
});
export type ImageRecord = Readonly<v.InferOutput<typeof ImageRecord>>;

const Kept = v.object({ images: v.array(ImageRecord) });

export class ImageRecords {
  readonly #path: string;
  readonly #world: World;
  readonly #records: Map<string, ImageRecord>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, world: World, records: readonly ImageRecord[]) {
    this.#path = path;
    this.#world = world;
    this.#records = new Map(records.map((record) => [keyOf(record), record]));
  }

  static async open(dataDir: string, world: World): Promise<ImageRecords> {
    const path = join(dataDir, "images.json");
    const parsed = v.safeParse(Kept, await readJson(path));
    return new ImageRecords(path, world, parsed.success ? parsed.output.images : []);
  }

  /** Whether this agent pulled it without a login, under whatever name. */
  isEveryones(id: string): boolean {
    return this.all().some((record) => record.id === id && record.from === "everyone");
  }

  find(name: string, id: string): ImageRecord | undefined {
    return this.#records.get(keyOf({ name, id }));
  }

  all(): readonly ImageRecord[] {
    return [...this.#records.values()];
  }

  async add(record: Omit<ImageRecord, "usedAt">): Promise<void> {
    const before = this.find(record.name, record.id);
    const merged = before === undefined ? record : { ...record, ours: before.ours };
    this.#records.set(keyOf(record), { ...merged, usedAt: this.#world.now() });
    await this.#write();
  }

  async used(name: string, id: string): Promise<void> {
    const record = this.find(name, id);
    if (!record || this.#world.now() - record.usedAt < usedGrainMs) return;
    this.#records.set(keyOf(record), { ...record, usedAt: this.#world.now() });
    await this.#write();
  }

  async forget({ name, id }: ImageRecord): Promise<void> {
    if (this.#records.delete(keyOf({ name, id }))) await this.#write();
  }

  #write(): Promise<void> {
    const writing = this.#writing.then(async () => {
      const kept = this.all().toSorted((a, b) => b.usedAt - a.usedAt);
      const text = JSON.stringify({ images: kept.slice(0, imageRecordsMax) });
      await writeWhole(this.#path, text, this.#world.newId);
    });
    this.#writing = writing.catch(() => {});
    return writing;
  }
}

function keyOf({ name, id }: Pick<ImageRecord, "name" | "id">): string {
  return `${name} ${id}`;
}
