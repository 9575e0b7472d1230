// How long each phase of a job takes, and telling the queue about it: only of phases that a person could notice, so that a
// short job costs no frames.

import type { JobPhase, PhaseTime } from "../../wire/result.ts";
import { progressAfterMs } from "../limits.ts";

export interface PhasesOptions {
  readonly now: () => number;
  readonly beganAt: number;
  /** Those of an adopted job that are over. */
  readonly done: readonly PhaseTime[];
  readonly tell: (phase: JobPhase, message: string | undefined) => void;
}

export class Phases {
  readonly #options: PhasesOptions;
  readonly #times: PhaseTime[];
  #current: JobPhase | undefined;
  #telling = false;

  constructor(options: PhasesOptions) {
    this.#options = options;
    this.#times = [...options.done];
  }

  async during<T>(phase: JobPhase, work: () => Promise<T>): Promise<T> {
    const { now, beganAt } = this.#options;
    const startedAt = now();
    this.#current = phase;
    const timer = this.#telling ? undefined : setTimeout(() => this.#tell(phase), progressAfterMs);
    if (this.#telling) this.#tell(phase);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      this.#current = undefined;
      this.#times.push({ phase, start: startedAt - beganAt, ms: now() - startedAt });
    }
  }

  /** How far the present phase is. */
  message(text: string): void {
    if (this.#current !== undefined) this.#tell(this.#current, text);
  }

  times(): PhaseTime[] {
    return [...this.#times];
  }

  #tell(phase: JobPhase, message?: string): void {
    this.#telling = true;
    this.#options.tell(phase, message);
  }
}
