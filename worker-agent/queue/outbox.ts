// What a queue has been told on the present connection, so that a sync carries only news; and the attempts to give back.

import type { AgentMessage, Finish, Held, Offer } from "../../wire/agentMessages.ts";
import { finishesBytesMax } from "../limits.ts";

type Sync = Extract<AgentMessage, { type: "sync" }>;

/** What the agent has to say now. */
export interface Holdings {
  readonly holds: readonly Held[];
  readonly finishes: readonly Finish[];
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

  hasNews(finishes: readonly Finish[]): boolean {
    return finishes.some((finish) => !this.#toldFinishes.has(keyOf(finish)));
  }

  /** The next sync. `whole` tells every finish again, in case the queue has lost one. */
  sync(revision: number, { holds, finishes, offer }: Holdings, whole: boolean): Sync {
    const { fit, left } = fitting(finishes.filter((finish) => whole || !this.#toldFinishes.has(keyOf(finish))));
    for (const finish of fit) this.#toldFinishes.add(keyOf(finish));
    const declined = [...this.#declined.values()];
    this.#declined.clear();
    const offerText = JSON.stringify(offer);
    const changed = offerText !== this.#toldOffer;
    this.#toldOffer = offerText;
    return {
      type: "sync",
      revision,
      // What did not fit is still held, as far as the queue need know.
      holds: [...holds, ...left].map(({ job, attempt }) => ({ job, attempt })),
      finished: fit,
      declined,
      ...(changed ? { offer } : {}),
    };
  }
}

/** As many finishes as one frame should carry, at least one. */
function fitting(finishes: readonly Finish[]): { readonly fit: Finish[]; readonly left: Finish[] } {
  const fit: Finish[] = [];
  const left: Finish[] = [];
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
