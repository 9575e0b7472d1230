// The receivers of a queue's webhooks: what was asked for is told, as often as it was asked for at most, and in the same words
// in every try.

import * as v from "valibot";
import type { Call } from "../queue/callbacks.ts";
import type { Seeded } from "./seeded.ts";

const Body = v.object({ jobId: v.string(), namespace: v.string() });

export class Webhooks {
  /** How often each end was asked for, and by which deliveries it was told. */
  readonly #asked = new Map<string, number>();
  readonly #told = new Map<string, Set<string>>();
  readonly #bodies = new Map<string, string>();
  /** Under way: the process has not reported on them. */
  #flying: Call[] = [];

  ask(job: string, namespace: string): void {
    const key = `${job} ${namespace}`;
    this.#asked.set(key, (this.#asked.get(key) ?? 0) + 1);
  }

  take(call: Call): void {
    const body = this.#bodies.get(call.delivery);
    if (body !== undefined && body !== call.body) throw new Error(`delivery ${call.delivery} has changed its body`);
    this.#bodies.set(call.delivery, call.body);
    this.#flying.push(call);
  }

  next(random: Seeded): Call | undefined {
    const [call] = this.#flying.splice(random.below(this.#flying.length), 1);
    return call;
  }

  arrived({ event, body, delivery }: Call): void {
    if (event !== "finished") return;
    const { jobId, namespace } = v.parse(Body, JSON.parse(body));
    const key = `${jobId} ${namespace}`;
    const told = this.#told.get(key) ?? new Set();
    this.#told.set(key, told.add(delivery));
    if (told.size > (this.#asked.get(key) ?? 0))
      throw new Error(`the end of ${key} was told more often than asked for`);
  }

  /** The process is gone before it sent them, or before it reported: they leave again. */
  lost(): void {
    this.#flying = [];
  }

  get isBusy(): boolean {
    return this.#flying.length > 0;
  }

  checkEnded(): void {
    for (const key of this.#asked.keys()) {
      if (!this.#told.has(key)) throw new Error(`the end of ${key} was asked for and never told`);
    }
  }
}
