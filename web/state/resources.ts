// What the running job uses: the samples that came while it was in view.

import { type ReadonlySignal, signal } from "@preact/signals";
import type { JobId } from "../../wire/ids.ts";
import type { ResourceLimits, ResourceSample } from "../../wire/resources.ts";
import { samplesKeptMax } from "../limits.ts";

export interface Resources {
  readonly limits: ResourceLimits;
  readonly samples: readonly ResourceSample[];
}

export interface ResourceLog {
  readonly seen: ReadonlySignal<Resources | undefined>;
  /** Forgets what belongs to another run. */
  follow(run: string): void;
  add(id: JobId, limits: ResourceLimits, samples: readonly ResourceSample[]): void;
}

export function createResources(): ResourceLog {
  const seen = signal<Resources | undefined>(undefined);
  let followed = "";
  return {
    seen,
    follow(run) {
      if (run === followed) return;
      followed = run;
      seen.value = undefined;
    },
    add(id, limits, samples) {
      if (!followed.startsWith(id)) return;
      const last = seen.value?.samples.at(-1)?.time ?? 0;
      const fresh = samples.filter(({ time }) => time > last);
      seen.value = { limits, samples: [...(seen.value?.samples ?? []), ...fresh].slice(-samplesKeptMax) };
    },
  };
}
