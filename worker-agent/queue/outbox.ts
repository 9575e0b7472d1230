// What a queue has been told on the present connection, so that a sync carries only news; and the attempts to give back.

import type { AgentMessage, Held, Offer } from "../../wire/agentMessages.ts";
import { finishesBytesMax } from "../limits.ts";
import type { SpooledFinish } from "./spool.ts";

/** What the agent has to say now. */
export interface Holdings {
  readonly holds: readonly Held[];
  readonly finishes: readonly SpooledFinish[];
  readonly offer: Offer;
}

export class Outbox {
  readonly #declined = new Map<string, Held & { why: string }>();
  readonly #toldFinishes = new Set<string>();
  #toldOffer = "";

  /** A new connection, whose hello carries this offer. */
  begin(offer: Offer): void {
    this.#toldFinishes.clear();
    this.#toldOffer = JSON.stringify(offer);
  }

  decline({ job, attempt }: Held, why: string): void {
    this.#declined.set(keyOf({ job, attempt }), { job, attempt, why });
  }

  answered(held: Held): void {
    this.#toldFinishes.delete(keyOf(held));
  }

  hasNews(finishes: readonly Held[]): boolean {
    return finishes.some((finish) => !this.#toldFinishes.has(keyOf(finish)));
  }

  /** The next sync, behind the logs of its finishes. `whole` tells every finish again, in case the queue has lost one. */
  sync(revision: number, { holds, finishes, offer }: Holdings, whole: boolean): readonly AgentMessage[] {
    const { fit, left } = fitting(finishes.filter((finish) => whole || !this.#toldFinishes.has(keyOf(finish))));
    const sealed = fit.flatMap((finish) => this.#logOf(finish));
    for (const finish of fit) this.#toldFinishes.add(keyOf(finish));
    const declined = [...this.#declined.values()];
    this.#declined.clear();
    const offerText = JSON.stringify(offer);
    const changed = offerText !== this.#toldOffer;
    this.#toldOffer = offerText;
    return [
      ...sealed,
      {
        type: "sync",
        revision,
        // What did not fit is still held, as far as the queue need know.
        holds: [...holds, ...left].map(({ job, attempt }) => ({ job, attempt })),
        finished: fit.map(({ pieces: _, ...finish }) => finish),
        declined,
        ...(changed ? { offer } : {}),
      },
    ];
  }

  /** Once on each connection. */
  #logOf({ job, attempt, pieces }: SpooledFinish): readonly AgentMessage[] {
    if (this.#toldFinishes.has(keyOf({ job, attempt }))) return [];
    return pieces.map((piece) => ({ type: "sealed", job, attempt, ...piece }));
  }
}

/** As many finishes as one frame should carry, at least one. */
function fitting(finishes: readonly SpooledFinish[]): {
  readonly fit: SpooledFinish[];
  readonly left: SpooledFinish[];
} {
  const fit: SpooledFinish[] = [];
  const left: SpooledFinish[] = [];
  let bytes = 0;
  for (const finish of finishes) {
    bytes += JSON.stringify(finish).length;
    (bytes <= finishesBytesMax || fit.length === 0 ? fit : left).push(finish);
  }
  return { fit, left };
}

function keyOf({ job, attempt }: Held): string {
  return `${job}/${attempt}`;
}
