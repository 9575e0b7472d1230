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
}

export class Phases {
  readonly #options: PhasesOptions;
  readonly #begun: Begun[];
  #told: JobPhase | undefined;

  constructor(options: PhasesOptions) {
    this.#options = options;
    this.#begun = options.done.map((time) => ({ ...time }));
  }

  /** Phases may overlap; the queue is told of the one that began or said something last. */
  async during<T>(phase: JobPhase, work: () => Promise<T>): Promise<T> {
    const { now, elapsed, beganAt } = this.#options;
    const startedAt = elapsed();
    // The attempt may have begun in an earlier process, or before somebody set the clock.
    const begun: Begun = { phase, start: Math.max(0, now() - beganAt) };
    this.#begun.push(begun);
    const tell = () => {
      // What it has said itself says more.
      if (this.#told !== phase) this.#tell(phase);
    };
    const timer = this.#told === undefined ? setTimeout(tell, progressAfterMs) : undefined;
    if (this.#told !== undefined) tell();
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      begun.ms = Math.round(elapsed() - startedAt);
    }
  }

  /** How far a phase is. */
  note(phase: JobPhase, note: ProgressNote): void {
    this.#tell(phase, note);
  }

  /** Those that are over, in the order in which they began. */
  times(): PhaseTime[] {
    return this.#begun.flatMap(({ phase, start, ms }) => (ms === undefined ? [] : [{ phase, start, ms }]));
  }

  #tell(phase: JobPhase, note: ProgressNote = {}): void {
    this.#told = phase;
    this.#options.tell(phase, note);
  }
}
