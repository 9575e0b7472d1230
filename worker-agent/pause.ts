// A pause: a file in the data folder says that the agent takes no jobs, also across restarts. `longshore agent pause` writes
// it and `resume` removes it, whether an agent runs or not; the agent looks at it.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { readJson, writeWhole } from "./atomicFile.ts";
import { messageOf } from "./fault.ts";
import { pauseLookMs, pauseNoteCharsMax } from "./limits.ts";
import type { LogSink } from "./log.ts";
import type { World } from "./world.ts";

const PauseFile = v.object({
  note: v.optional(v.pipe(v.string(), v.maxLength(pauseNoteCharsMax))),
  /** Epoch ms; without it, until somebody resumes. */
  until: v.optional(v.number()),
});
export type Pause = Readonly<v.InferOutput<typeof PauseFile>>;

export async function writePause(dataDir: string, pause: Pause, newId: () => string): Promise<void> {
  await writeWhole(pathOf(dataDir), JSON.stringify(pause), newId);
}

/** False when there was none. */
export async function clearPause(dataDir: string, now: number): Promise<boolean> {
  const paused = (await readPause(dataDir, now)) !== undefined;
  await rm(pathOf(dataDir), { force: true });
  return paused;
}

/** The pause that holds now. */
export async function readPause(dataDir: string, now: number): Promise<Pause | undefined> {
  const parsed = v.safeParse(PauseFile, await readJson(pathOf(dataDir)));
  if (!parsed.success) return undefined;
  return parsed.output.until !== undefined && parsed.output.until <= now ? undefined : parsed.output;
}

/** What people and queues are told. */
export function sentenceOf({ note, until }: Pause): string {
  const time = until === undefined ? "" : ` until ${new Date(until).toISOString()}`;
  return `It is paused${time}${note === undefined ? "" : `: ${note}`}.`.replace(/\.\.$/, ".");
}

export interface PauseWatchOptions {
  readonly dataDir: string;
  readonly world: World;
  readonly log: LogSink;
  /** Called once at the beginning and at each change, with what is told, or nothing once it is over. */
  readonly changed: (sentence: string | undefined) => void;
}

export class PauseWatch {
  readonly #options: PauseWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #told: string | undefined;

  private constructor(options: PauseWatchOptions) {
    this.#options = options;
  }

  /** Resolves when the first look is done. */
  static async begin(options: PauseWatchOptions): Promise<PauseWatch> {
    const watch = new PauseWatch(options);
    await watch.#look();
    watch.#timer = setInterval(() => void watch.#look(), pauseLookMs).unref();
    return watch;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { dataDir, world, log, changed } = this.#options;
    try {
      const pause = await readPause(dataDir, world.now());
      const sentence = pause && sentenceOf(pause);
      if (sentence === this.#told) return;
      this.#told = sentence;
      log(sentence === undefined ? { event: "agent resumed" } : { event: "agent paused", message: sentence });
      changed(sentence);
    } catch (error) {
      // A file that can't be read changes nothing; the next look may succeed.
      log({ event: "pause not read", level: "warn", message: messageOf(error) });
    }
  }
}

function pathOf(dataDir: string): string {
  return join(dataDir, "paused");
}
