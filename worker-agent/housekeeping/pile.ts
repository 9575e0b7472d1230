// What may be removed to make room on a disk, and in which order. Pure.

import { roomShare } from "../limits.ts";

/** Something that no job uses now, and that would have to be fetched or made again. */
export interface Spare {
  readonly what: "input" | "job cache" | "job folder" | "image";
  /** Epoch ms. */
  readonly lastUsedAt: number;
  readonly bytes: number;
  /** False when it turned out to be used. */
  readonly remove: (signal: AbortSignal) => Promise<boolean>;
}

/** Spares of one kind, which together may not be more than so much. */
export interface Pile {
  readonly bytesMax: number;
  /** What the pile takes besides, which can't be removed now. */
  readonly keptBytes: number;
  readonly spares: readonly Spare[];
}

/** What to remove: of each pile what is beyond its limit, then of all what was used longest ago, until `missing` bytes are freed. */
export function chosen(piles: readonly Pile[], missing: number): readonly Spare[] {
  const surplus = new Set(piles.flatMap(surplusOf));
  let freed = sum([...surplus]);
  const others = piles.flatMap(({ spares }) => spares).filter((spare) => !surplus.has(spare));
  for (const spare of oldestFirst(others)) {
    if (freed >= missing) break;
    surplus.add(spare);
    freed += spare.bytes;
  }
  return [...surplus];
}

/** Somewhat more than must go: else the next file would begin it all again. */
function surplusOf({ bytesMax, keptBytes, spares }: Pile): readonly Spare[] {
  let bytes = keptBytes + sum(spares);
  if (bytes <= bytesMax) return [];
  return oldestFirst(spares).filter((spare) => {
    const goes = bytes > bytesMax * roomShare;
    if (goes) bytes -= spare.bytes;
    return goes;
  });
}

function oldestFirst(spares: readonly Spare[]): readonly Spare[] {
  return spares.toSorted((a, b) => a.lastUsedAt - b.lastUsedAt);
}

function sum(spares: readonly Spare[]): number {
  return spares.reduce((total, { bytes }) => total + bytes, 0);
}
