// The steps of a build, found in what its agent printed: a title for each, what its program printed, and when it began.

import type { LogStore } from "../../state/logStore.ts";

export interface BuildStep {
  readonly number: number;
  readonly total: number;
  /** The instruction of the Dockerfile. */
  readonly text: string;
  /** Epoch ms. */
  readonly from: number;
  /** Undefined for the last one: who reads the log knows what came after the build. */
  readonly to: number | undefined;
  /** Its result was there from an earlier build. */
  readonly isCached: boolean;
  /** Places of its lines in the store. */
  readonly lines: readonly number[];
}

const title = /^Step (\d+)\/(\d+): (.+)$/;
const doneBefore = "(done before)";

/** Kept up as the store grows. */
export class BuildSteps {
  readonly #store: LogStore;
  #steps: BuildStep[] = [];
  #lines: number[] = [];
  #seen = 0;
  #generation: number;

  constructor(store: LogStore) {
    this.#store = store;
    this.#generation = store.generation;
  }

  update(): readonly BuildStep[] {
    const store = this.#store;
    if (this.#generation !== store.generation) {
      this.#generation = store.generation;
      this.#steps = [];
      this.#seen = 0;
    }
    for (; this.#seen < store.length; this.#seen++) if (store.isBuild(this.#seen)) this.#take(this.#seen);
    return this.#steps;
  }

  #take(at: number): void {
    const text = this.#store.text(at);
    const [, number, total, shown] = title.exec(text) ?? [];
    const last = this.#steps.at(-1);
    if (shown !== undefined && follows(last, Number(number), Number(total))) {
      const from = this.#store.time(at);
      // A build that begins again, by another attempt, takes the place of the one before.
      if (Number(number) === 1) this.#steps = [];
      else this.#change({ to: from });
      this.#lines = [];
      this.#steps.push({
        number: Number(number),
        total: Number(total),
        text: shown,
        from,
        to: undefined,
        isCached: false,
        lines: this.#lines,
      });
    } else if (last && text === doneBefore && last.lines.length === 0) this.#change({ isCached: true });
    else this.#lines.push(at);
  }

  #change(changes: Partial<BuildStep>): void {
    const last = this.#steps.pop();
    if (last) this.#steps.push({ ...last, ...changes });
  }
}

/** Programs print what they like: a title counts only in its place. */
function follows(last: BuildStep | undefined, number: number, total: number): boolean {
  return number === 1 || (last !== undefined && number === last.number + 1 && total === last.total);
}
