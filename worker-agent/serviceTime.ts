// How long an agent serves that should end by itself: until it has run its jobs, or has had none for a while. For autoscalers,
// batch systems and machines that somebody pays by the minute.

import { timerMsMax } from "./limits.ts";

export interface ServiceTimeOptions {
  /** Without it, an idle agent stays. */
  readonly idleExitMs: number | undefined;
  readonly busy: () => boolean;
  /** Whether it will take no job any more. */
  readonly exhausted: () => boolean;
  /** Called once. */
  readonly over: (why: string) => void;
}

export class ServiceTime {
  readonly #options: ServiceTimeOptions;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ServiceTimeOptions) {
    this.#options = options;
    this.look();
  }

  /** Jobs have come or gone. */
  look(): void {
    const { busy, exhausted, idleExitMs } = this.#options;
    if (this.#closed) return;
    if (busy()) {
      clearTimeout(this.#idle);
      this.#idle = undefined;
    } else if (exhausted()) {
      this.#over("It has run as many jobs as it should.");
    } else if (idleExitMs !== undefined) {
      const why = `It has had no job for ${Math.round(idleExitMs / 1000)} s.`;
      this.#idle ??= setTimeout(() => this.#over(why), Math.min(idleExitMs, timerMsMax));
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#idle);
  }

  #over(why: string): void {
    this.close();
    this.#options.over(why);
  }
}
