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

interface Layer {
  readonly total: number;
  got: number;
  unpacked: number;
}

/** Whose numbers are a layer's bytes. */
const counted = new Set(["Downloading", "Extracting"]);
/** What is said of a layer that is here. */
const arrived = new Set(["Download complete", "Extracting", "Pull complete", "Already exists"]);

export class PullProgress {
  readonly #layers = new Map<string, Layer>();
  /** Layers of which nobody has said that they are here. */
  readonly #awaited = new Set<string>();
  #shownBytes = 0;

  /** A line for the log, when the event is worth one. */
  add({ id, status, progressDetail }: PullEvent): string | undefined {
    if (id !== undefined && status !== undefined) this.#see(id, status, progressDetail ?? {});
    if (status === undefined || silent.has(status)) return undefined;
    return id === undefined ? status : `${id}: ${status}`;
  }

  #see(id: string, status: string, { current = 0, total = 0 }: NonNullable<PullEvent["progressDetail"]>): void {
    if (status === "Pulling fs layer") this.#awaited.add(id);
    else if (arrived.has(status)) this.#awaited.delete(id);
    const known = this.#layers.get(id);
    // The engine leaves out what it has no time to say, such as how a quick download went.
    const layer = known ?? (total > 0 && counted.has(status) ? { total, got: 0, unpacked: 0 } : undefined);
    if (!layer) return;
    this.#layers.set(id, layer);
    if (status === "Downloading") layer.got = current;
    if (arrived.has(status)) layer.got = layer.total;
    if (status === "Extracting") layer.unpacked = current;
    if (status === "Pull complete") layer.unpacked = layer.total;
  }

  /** Layers are unpacked one after the other while others still come; only when all are here, that is what is waited for. */
  note(): ProgressNote | undefined {
    const layers = [...this.#layers.values()];
    const sum = (of: (layer: Layer) => number) => layers.reduce((all, layer) => all + of(layer), 0);
    const known = sum(({ total }) => total);
    if (known === 0) return undefined;
    if (this.#awaited.size === 0)
      return { message: "Unpacking", amount: { done: sum(({ unpacked }) => unpacked), total: known, unit: "bytes" } };
    // Totals appear late, so the number that is shown never goes back.
    this.#shownBytes = Math.max(
      this.#shownBytes,
      sum(({ got }) => got),
    );
    return {
      message: "Downloading",
      amount: { done: this.#shownBytes, total: Math.max(known, this.#shownBytes), unit: "bytes" },
    };
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
