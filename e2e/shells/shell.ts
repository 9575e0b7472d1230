// A started control plane, of either kind.

export interface Shell {
  /** Where it answers now: a restart may change the port. */
  readonly origin: string;
  /** `stop` asks it to end, `kill` gives it no chance to; then it is started again on the same data. */
  restart(how: "stop" | "kill"): Promise<void>;
  stop(): Promise<void>;
  output(): string;
}

export const project = new URL("../../", import.meta.url).pathname;
