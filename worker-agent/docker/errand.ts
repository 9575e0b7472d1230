// A small container of the agent's own: run once, its output read, and removed.

import { Demultiplexer } from "./demux.ts";
import type { Engine } from "./engine.ts";

/** What it printed on both streams. @throws EngineError when it can't be run. */
export async function runErrand(engine: Engine, name: string, options: object, signal: AbortSignal): Promise<string> {
  // Without the signal: a request that is given up may still create a container that nobody knows.
  const id = await engine.create(name, options);
  try {
    const output = await engine.attach(id, false, signal);
    signal.addEventListener("abort", () => output.destroy(), { once: true });
    let text = "";
    const demultiplexer = new Demultiplexer((_stream, payload) => {
      text += payload.toString();
    });
    await engine.start(id, signal);
    for await (const chunk of output) if (Buffer.isBuffer(chunk)) demultiplexer.write(chunk);
    signal.throwIfAborted();
    return text;
  } finally {
    await engine.remove(id);
  }
}
