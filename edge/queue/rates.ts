// How fast one client may submit: a bucket of tokens for each, refilled steadily. Kept in memory: a queue that slept long
// enough to forget has slept long enough to refill.

import { rateClientsMax, submissionsBurstMs } from "../limits.ts";
import type { Backpressure } from "./submit.ts";

export class Rates {
  readonly #buckets = new Map<string, { tokens: number; at: number }>();
  readonly #perMs: number;
  readonly #burst: number;

  constructor(submissionsPerSecond: number) {
    this.#perMs = submissionsPerSecond / 1000;
    this.#burst = Math.max(1, this.#perMs * submissionsBurstMs);
  }

  /** Takes one submission's token, or says why there is none. Without a client there is no limit: it is this machine's own. */
  take(client: string | null, now: number): Backpressure | undefined {
    if (client === null) return undefined;
    const tokens = this.#tokens(client, now);
    if (tokens < 1) {
      const error = "You submit faster than this queue takes: try again in a moment.";
      return { code: "rate", error, retryAfterMs: Math.ceil((1 - tokens) / this.#perMs) };
    }
    if (this.#buckets.size >= rateClientsMax) this.#forgetFull(now);
    this.#buckets.set(client, { tokens: tokens - 1, at: now });
    return undefined;
  }

  forget(client: string): void {
    this.#buckets.delete(client);
  }

  #tokens(client: string, now: number): number {
    const bucket = this.#buckets.get(client);
    if (!bucket) return this.#burst;
    return Math.min(this.#burst, bucket.tokens + Math.max(0, now - bucket.at) * this.#perMs);
  }

  /** A full bucket is as good as none. */
  #forgetFull(now: number): void {
    for (const client of this.#buckets.keys()) {
      if (this.#tokens(client, now) >= this.#burst) this.#buckets.delete(client);
    }
  }
}
