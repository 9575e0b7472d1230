// Work on an image that several jobs wait for: it is done once, all of them hear of it, and who comes late is first told what
// was said before. It ends when the last of them has gone.

import type { LogStep } from "../../wire/result.ts";
import type { ProgressNote } from "../job/phases.ts";
import { SharedWork } from "../shared.ts";
import { replayLinesMax } from "./limits.ts";

/** Who waits for an image. */
export interface ImageWatcher {
  readonly line: (text: string, step: LogStep) => void;
  readonly progress: (note: ProgressNote) => void;
}

interface Stage {
  readonly said: (readonly [text: string, step: LogStep])[];
  readonly watchers: Set<ImageWatcher>;
  progress: ProgressNote | undefined;
}

export class Audience<T> {
  readonly #work = new SharedWork<T>();
  readonly #stages = new Map<string, Stage>();

  async join(
    key: string,
    watcher: ImageWatcher,
    signal: AbortSignal,
    work: (tell: ImageWatcher, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const stage = this.#stages.get(key) ?? { said: [], watchers: new Set(), progress: undefined };
    this.#stages.set(key, stage);
    for (const [text, step] of stage.said) watcher.line(text, step);
    if (stage.progress) watcher.progress(stage.progress);
    stage.watchers.add(watcher);
    try {
      return await this.#work.join(key, signal, (signal) => work(tellAll(stage), signal));
    } finally {
      stage.watchers.delete(watcher);
      if (stage.watchers.size === 0 && this.#stages.get(key) === stage) this.#stages.delete(key);
    }
  }
}

function tellAll(stage: Stage): ImageWatcher {
  const { said, watchers } = stage;
  return {
    line: (text, step) => {
      if (said.length < replayLinesMax) said.push([text, step]);
      for (const watcher of watchers) watcher.line(text, step);
    },
    progress: (note) => {
      stage.progress = note;
      for (const watcher of watchers) watcher.progress(note);
    },
  };
}
