// The images that this agent has pulled or built itself, and nobody else's. The engine keeps what a container uses.

import type { Engine } from "../docker/engine.ts";
import type { ImageRecords } from "../images/records.ts";
import { imageSpareAfterMs } from "../limits.ts";
import type { Pile, Spare } from "./pile.ts";

export async function imagePile(
  { engine, records, now }: { readonly engine: Engine; readonly records: ImageRecords; readonly now: () => number },
  signal: AbortSignal,
): Promise<Pile> {
  const spares: Spare[] = [];
  for (const record of records.all().filter(({ ours }) => ours)) {
    // A job that was given it may not have its container yet.
    if (record.usedAt > now() - imageSpareAfterMs) continue;
    const image = await engine.images.find(record.name, signal);
    if (image?.id !== record.id) {
      await records.forget(record);
      continue;
    }
    const remove = async (signal: AbortSignal) => {
      const used = records.find(record.name, record.id)?.usedAt ?? 0;
      if (used > record.usedAt || !(await engine.images.remove(record.name, signal))) return false;
      await records.forget(record);
      return true;
    };
    spares.push({ what: "image", lastUsedAt: record.usedAt, bytes: image.bytes, remove });
  }
  return { bytesMax: Number.POSITIVE_INFINITY, keptBytes: 0, spares };
}
