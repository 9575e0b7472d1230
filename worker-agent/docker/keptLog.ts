// What an engine has kept of a container's output, for who has read a part of it before. Engines throw the oldest away where a
// container prints more than they keep: then its lines can't be counted from the beginning any more.

import type { Readable } from "node:stream";
import { clockSlackMs } from "../limits.ts";
import { Demultiplexer } from "./demux.ts";
import type { Engine } from "./engine.ts";

/** When the first and the last of what has been read came, in ms. */
export interface Seen {
  readonly from: number;
  readonly to: number;
}

export interface KeptLog {
  readonly stream: Readable;
  /** It begins with the container's first line; else behind what has been read. */
  readonly isWhole: boolean;
}

/** With `follow` also what comes from now on. */
export async function keptLog(
  engine: Engine,
  id: string,
  { seen, follow, signal }: { readonly seen: Seen | undefined; readonly follow: boolean; readonly signal: AbortSignal },
): Promise<KeptLog> {
  if (seen && ((await firstKept(engine, id, signal)) ?? seen.from) > seen.from + clockSlackMs) {
    const query = { since: ((seen.to + 1) / 1000).toFixed(3), ...(follow ? { follow: "1" } : {}) };
    return { stream: await engine.logs(id, signal, query), isWhole: false };
  }
  return { stream: follow ? await engine.attach(id, true) : await engine.logs(id, signal), isWhole: true };
}

/** The time of the oldest line that is kept. */
async function firstKept(engine: Engine, id: string, signal: AbortSignal): Promise<number | undefined> {
  let text = "";
  const demultiplexer = new Demultiplexer((_stream, payload) => {
    if (text === "") text = payload.toString("latin1", 0, timestampChars);
  });
  for await (const chunk of await engine.logs(id, signal, { timestamps: "1" })) {
    if (Buffer.isBuffer(chunk)) demultiplexer.write(chunk);
    if (text !== "") break;
  }
  const at = Date.parse(text.split(" ")[0] ?? "");
  return Number.isFinite(at) ? at : undefined;
}

/** Longer than `2026-01-02T03:04:05.123456789Z `. */
const timestampChars = 40;
