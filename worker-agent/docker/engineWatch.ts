// Whether the Docker engine answers. While it does not, no jobs are taken: they would fail for no fault of theirs.

import { messageOf } from "../fault.ts";
import { engineLookMs, enginePingMs, engineSilencesMax } from "../limits.ts";
import type { LogSink } from "../log.ts";
import { within } from "../retry.ts";
import type { Engine } from "./engine.ts";
import { EngineError } from "./engineAnswers.ts";

export interface EngineWatchOptions {
  readonly engine: Engine;
  readonly log: LogSink;
  /** Called when it goes, with a sentence, and when it is back, with none. */
  readonly changed: (sentence: string | undefined) => void;
}

export class EngineWatch {
  readonly #options: EngineWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #silences = 0;
  #answers = true;
  #looking = false;

  constructor(options: EngineWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.look(), engineLookMs).unref();
  }

  get answers(): boolean {
    return this.#answers;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.#options.engine.ping(within(enginePingMs));
      this.#silences = 0;
      this.#tell(true, undefined);
      void this.#options.engine.leftovers.retry(this.#options.log);
    } catch (error) {
      // Only silence may be its being busy; a connection that fails is an absence.
      const absent = error instanceof EngineError && error.status === undefined;
      this.#silences += 1;
      if (absent || this.#silences >= engineSilencesMax) this.#tell(false, messageOf(error));
    } finally {
      this.#looking = false;
    }
  }

  #tell(answers: boolean, message: string | undefined): void {
    if (answers === this.#answers) return;
    this.#answers = answers;
    const { log, changed } = this.#options;
    if (answers) log({ event: "engine back" });
    else log({ event: "engine away", level: "warn", message: `The Docker engine does not answer: ${message}` });
    changed(answers ? undefined : "Its Docker engine does not answer.");
  }
}
