// What builds leave on the engine: images that nobody has used for long, finished steps of builds that failed or were stopped,
// and older tools of agents. All of it is this agent's or made of what every machine has.

import { buildKeepMs, leftoverKeepMs } from "../build/limits.ts";
import type { Engine } from "../docker/engine.ts";
import type { ListedImage } from "../docker/engineAnswers.ts";
import { toolsRepository } from "../docker/toolsImage.ts";
import { buildLabels, builtRepository } from "../images/builtName.ts";
import type { ImageRecords } from "../images/records.ts";
import type { Pile, Spare } from "./pile.ts";

export interface BuildPileOptions {
  readonly engine: Engine;
  readonly agent: string;
  readonly records: ImageRecords;
  readonly now: () => number;
}

/** Everything in it goes at the next look. */
export async function buildPile(options: BuildPileOptions, signal: AbortSignal): Promise<Pile> {
  const { engine, agent, now } = options;
  const made = await engine.images.list({ label: [`${buildLabels.agent}=${agent}`] }, signal);
  const tools = await engine.images.list({ reference: [toolsRepository] }, signal);
  const spares = [...made.filter((image) => isLeft(image, options)), ...tools.filter(isOld(now() - buildKeepMs))];
  return { bytesMax: 0, keptBytes: 0, spares: spares.map((image) => spareOf(image, options)) };
}

function isLeft(image: ListedImage, { records, now }: BuildPileOptions): boolean {
  const used = records.all().filter(({ id, from }) => id === image.id && from === "build");
  if (used.length > 0) return used.every(({ usedAt }) => usedAt < now() - buildKeepMs);
  // Steps that a next try goes on from; a build that runs has them too.
  return isOld(now() - leftoverKeepMs)(image);
}

function isOld(before: number): (image: ListedImage) => boolean {
  return ({ createdAt }) => createdAt < before;
}

function spareOf({ id, names, createdAt, bytes }: ListedImage, { engine, records }: BuildPileOptions): Spare {
  const remove = async (signal: AbortSignal) => {
    const ours = names.filter((name) => name.startsWith(builtRepository) || name.startsWith(toolsRepository));
    for (const name of ours.length > 0 ? ours : [id]) if (!(await engine.images.remove(name, signal))) return false;
    for (const record of records.all()) if (record.id === id && record.from === "build") await records.forget(record);
    return true;
  };
  return { what: "image", lastUsedAt: createdAt, bytes: Math.max(1, bytes), remove };
}
