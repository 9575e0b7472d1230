// What an engine says while it pulls, for people: a line of text for each step, and how much has arrived. Errors come in the
// same stream, after a status of 200.

import * as v from "valibot";
import type { ProgressNote } from "../job/phases.ts";

export const PullEvent = v.object({
  id: v.optional(v.string()),
  status: v.optional(v.string()),
  progressDetail: v.optional(v.object({ current: v.optional(v.number()), total: v.optional(v.number()) })),
  error: v.optional(v.string()),
  errorDetail: v.optional(v.object({ message: v.optional(v.string()) })),
});
export type PullEvent = v.InferOutput<typeof PullEvent>;

/** Steps that say nothing to a person who waits. */
const silent = new Set([
  "Pulling fs layer",
  "Waiting",
  "Verifying Checksum",
  "Download complete",
  "Downloading",
  "Extracting",
]);

export class PullProgress {
  readonly #layers = new Map<string, { current: number; total: number }>();
  #shownBytes = 0;

  /** A line for the log, when the event is worth one. */
  add({ id, status, progressDetail }: PullEvent): string | undefined {
    const total = progressDetail?.total ?? 0;
    if (id !== undefined && total > 0) {
      if (status === "Downloading") this.#layers.set(id, { current: progressDetail?.current ?? 0, total });
      // The engine leaves out what it has no time to say, such as how a quick download went.
      if (status === "Extracting") this.#layers.set(id, { current: total, total });
    }
    const layer = id === undefined ? undefined : this.#layers.get(id);
    if (layer && (status === "Download complete" || status === "Pull complete")) layer.current = layer.total;
    if (status === undefined || silent.has(status)) return undefined;
    return id === undefined ? status : `${id}: ${status}`;
  }

  /** Totals appear late, so the number that is shown never goes back. */
  note(): ProgressNote | undefined {
    const layers = [...this.#layers.values()];
    const known = layers.reduce((sum, layer) => sum + layer.total, 0);
    if (known === 0) return undefined;
    this.#shownBytes = Math.max(
      this.#shownBytes,
      layers.reduce((sum, layer) => sum + layer.current, 0),
    );
    const amount = { done: this.#shownBytes, total: Math.max(known, this.#shownBytes), unit: "bytes" } as const;
    return { message: "Downloading", amount };
  }
}

/** One sentence for a failed pull. */
export function pullFault(image: string, registry: string, reason: string): string {
  const said = reason.trim().replace(/\.$/, "");
  if (/not found|manifest unknown|does not exist|pull access denied|no such manifest/i.test(reason)) {
    return `There is no image ${JSON.stringify(image)}: this machine does not have it, and no registry has it under that name for everyone (${said}). Check the name and the tag.`;
  }
  if (/unauthorized|denied|authentication required|no basic auth/i.test(reason)) {
    return `The image ${JSON.stringify(image)} can't be pulled without a login: ${registry} refused it (${said}). The agent's operator can log in with docker login ${registry}.`;
  }
  if (
    /no such host|dial tcp|timeout|timed out|connection refused|EOF|TLS|network is unreachable|server misbehaving/i.test(
      reason,
    )
  ) {
    return `The image ${JSON.stringify(image)} is not on this machine, and no registry has answered for it: ${registry} could not be reached (${said}).`;
  }
  return `The image ${JSON.stringify(image)} is not on this machine and could not be pulled from ${registry}: ${said}.`;
}
