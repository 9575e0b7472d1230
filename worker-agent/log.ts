// The agent's own log: one structured line for each change of state. No queue names, tokens or signed URLs.

export interface AgentEvent {
  readonly event: string;
  readonly level?: "debug" | "warn" | "error" | undefined;
  /** The first eight hex digits of the queue's hash. */
  readonly queue?: string;
  readonly agent?: string;
  readonly job?: string;
  readonly attempt?: string;
  readonly message?: string | undefined;
  readonly [detail: string]: string | number | boolean | undefined;
}

export type LogSink = (event: AgentEvent) => void;

/** Adds what every line of a part has in common. */
export function withContext(sink: LogSink, context: Omit<AgentEvent, "event">): LogSink {
  return ({ event, ...details }) => sink({ event, ...context, ...details });
}

/** Lines of JSON. `print` gets one line without its end. */
export function jsonLines(print: (line: string) => void, now: () => number): LogSink {
  return (event) => print(JSON.stringify({ time: new Date(now()).toISOString(), level: "info", ...event }));
}

export const logFormats = ["auto", "text", "json"] as const;
export type LogFormat = (typeof logFormats)[number];

export interface AgentLogOptions {
  readonly format: LogFormat;
  readonly terminal: boolean;
  /** Also what is of use only to who looks for a fault. */
  readonly debug: boolean;
  readonly now: () => number;
}

/** An agent's log as its operator wants it. `print` gets one line without its end. */
export function agentLog({ format, terminal, debug, now }: AgentLogOptions, print: (line: string) => void): LogSink {
  const text = format === "text" || (format === "auto" && terminal);
  const sink = text ? textLines(print, now) : jsonLines(print, now);
  return (event) => {
    if (debug || event.level !== "debug") sink(event);
  };
}

/** Lines for a person, with the time of day. */
export function textLines(print: (line: string) => void, now: () => number): LogSink {
  const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
  return (event) => print(`${clock.format(now())} ${readableLine(event)}`);
}

/** What happened, for a person at a terminal: short ids, and only what tells them something. */
export function readableLine({
  event,
  level,
  job,
  message,
  queue: _queue,
  agent: _agent,
  attempt: _attempt,
  ...details
}: AgentEvent): string {
  const parts = [
    level === undefined ? event : `${level}: ${event}`,
    ...(job === undefined ? [] : [job.slice(0, 12)]),
    ...Object.entries(details).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])),
  ];
  return message === undefined ? parts.join(" ") : `${parts.join(" ")}: ${message}`;
}

/** How logs name a queue. */
export function shortQueue(hash: string): string {
  return hash.slice(0, 8);
}
