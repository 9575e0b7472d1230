// How often what has happened, counted from the agent's own log: what is worth a line is worth a number.

import type { AgentEvent, LogSink } from "./log.ts";

export interface Count {
  readonly event: string;
  /** Why a job has finished, where the event says it. */
  readonly reason: string | undefined;
  readonly total: number;
}

export class Counters {
  readonly #counts = new Map<string, Count>();

  /** The same log, counted on its way. */
  counting(sink: LogSink): LogSink {
    return (event) => {
      this.#count(event);
      sink(event);
    };
  }

  all(): readonly Count[] {
    return [...this.#counts.values()];
  }

  #count({ event, level, reason }: AgentEvent): void {
    // Each frame is one.
    if (level === "debug") return;
    const why = typeof reason === "string" ? reason : undefined;
    const key = `${event} ${why ?? ""}`;
    this.#counts.set(key, { event, reason: why, total: (this.#counts.get(key)?.total ?? 0) + 1 });
  }
}
