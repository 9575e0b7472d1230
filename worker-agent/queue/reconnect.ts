// Coming back to a queue: soon after a loss, slowly after a refusal, never after having been replaced.

import { reconnect, refusedRetry } from "../limits.ts";
import type { LogSink } from "../log.ts";
import { jitteredMs, sleep } from "../retry.ts";
import type { SocketEnd } from "./socket.ts";

export interface ConnectionEnd {
  readonly end: SocketEnd;
  /** Whether the queue had welcomed us: then the next loss is the first one. */
  readonly welcomed: boolean;
}

export interface KeepConnectedOptions {
  /** Holds one connection until it ends. */
  readonly connect: () => Promise<ConnectionEnd>;
  readonly random: () => number;
  readonly log: LogSink;
  readonly signal: AbortSignal;
}

/** Resolves when it was told to stop, or when it has been replaced. */
export async function keepConnected({
  connect,
  random,
  log,
  signal,
}: KeepConnectedOptions): Promise<"stopped" | "replaced"> {
  const pause = (ms: number) => sleep(ms, signal).catch(() => {});
  for (let failures = 0; !signal.aborted; failures += 1) {
    const { end, welcomed } = await connect();
    if (signal.aborted) break;
    if (welcomed) failures = 0;
    switch (end.kind) {
      case "replaced":
        log({
          event: "session replaced",
          level: "warn",
          message: "Another process runs as this agent on this queue; this one stays away.",
        });
        return "replaced";
      case "refused":
        log({ event: "session refused", level: "error", message: end.why });
        await pause(jitteredMs(0, refusedRetry, random));
        break;
      case "lost":
        // Once is noise, a row of them is news.
        if (failures < 2 || failures % 20 === 0) log({ event: "session lost", level: "warn", message: end.why });
        await pause(jitteredMs(failures, reconnect, random));
        break;
    }
  }
  return "stopped";
}
