// Measuring things beside each other on a machine that others use too: in turns, several times, and by their medians.

export type Measured<K extends string> = Readonly<Record<K, number>>;

/**
 * Runs all measurements in turns, at least once each and then until `rounds` are done or `budgetMs` is over. Returns the median
 * of what each returned.
 */
export async function alternate<K extends string>(
  measurements: Readonly<Record<K, () => Promise<number>>>,
  { rounds, budgetMs }: { readonly rounds: number; readonly budgetMs: number },
): Promise<Measured<K>> {
  const names = Object.keys(measurements).filter((name): name is K => name in measurements);
  const samples = new Map<K, number[]>(names.map((name) => [name, []]));
  const deadline = performance.now() + budgetMs;
  for (let round = 0; round < rounds && (round === 0 || performance.now() < deadline); round++) {
    for (const name of names) samples.get(name)?.push(await measurements[name]());
  }
  const medians: Partial<Record<K, number>> = {};
  for (const [name, taken] of samples) medians[name] = median(taken);
  return complete(medians, names);
}

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** How many million bytes a second the work moves. */
export async function megabytesPerSecond(bytes: number, work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return bytes / 1000 / (performance.now() - begun);
}

function complete<K extends string>(values: Partial<Record<K, number>>, names: readonly K[]): Measured<K> {
  const isComplete = (all: Partial<Record<K, number>>): all is Record<K, number> => names.every((name) => name in all);
  if (!isComplete(values)) throw new Error("Nothing was measured.");
  return values;
}
