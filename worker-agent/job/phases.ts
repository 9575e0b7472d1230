// How long each phase of a job takes, and telling the queue about it: only of phases that a person could notice, so that a
// short job costs no frames.

import type { Amount, JobPhase, PhaseTime } from "../../wire/result.ts";
import { progressAfterMs } from "../limits.ts";

/** How far a phase is: a line for a person, and numbers for a bar. */
export interface ProgressNote {
  readonly message?: string;
  readonly amount?: Amount;
}

export interface PhasesOptions {
  readonly now: () => number;
  readonly elapsed: () => number;
  readonly beganAt: number;
  /** Those of an adopted job that are over. */
  readonly done: readonly PhaseTime[];
  readonly tell: (phase: JobPhase, note: ProgressNote) => void;
}

interface Begun {
  readonly phase: JobPhase;
  readonly start: number;
  ms?: number;
  /** What it said last. */
  note?: ProgressNote;
}

export class Phases {
  readonly #options: PhasesOptions;
  readonly #begun: Begun[];
  /** The one that the queue heard of last. */
  #told: Begun | undefined;

  constructor(options: PhasesOptions) {
    this.#options = options;
    this.#begun = options.done.map((time) => ({ ...time }));
  }

  /** Phases may overlap: one that says how far it is stays on show until it ends, so that nothing flickers. */
  async during<T>(phase: JobPhase, work: () => Promise<T>): Promise<T> {
    const { now, elapsed, beganAt } = this.#options;
    const startedAt = elapsed();
    // The attempt may have begun in an earlier process, or before somebody set the clock.
    const begun: Begun = { phase, start: Math.max(0, now() - beganAt) };
    this.#begun.push(begun);
    const tell = () => {
      // What it has said itself says more.
      if (this.#told !== begun) this.#tell(begun);
    };
    const timer = this.#told === undefined ? setTimeout(tell, progressAfterMs) : undefined;
    if (this.#told !== undefined) tell();
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      begun.ms = Math.round(elapsed() - startedAt);
      const other = this.#begun.findLast(({ ms, note }) => ms === undefined && note !== undefined);
      if (this.#told === begun && other) this.#tell(other);
    }
  }

  /** How far a phase is. */
  note(phase: JobPhase, note: ProgressNote): void {
    const begun = this.#begun.findLast((one) => one.phase === phase && one.ms === undefined);
    if (!begun) return;
    begun.note = note;
    this.#tell(begun);
  }

  /** Those that are over, in the order in which they began. */
  times(): PhaseTime[] {
    return this.#begun.flatMap(({ phase, start, ms }) => (ms === undefined ? [] : [{ phase, start, ms }]));
  }

  #tell(begun: Begun): void {
    const shown = this.#told;
    if (shown && shown !== begun && shown.ms === undefined && shown.note !== undefined) return;
    this.#told = begun;
    this.#options.tell(begun.phase, begun.note ?? {});
  }
}
