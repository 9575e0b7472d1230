// What the engine says while it builds, for people: a line for each step of the Dockerfile and what its program prints, and how
// many steps are done.

import * as v from "valibot";
import type { ImageWatcher } from "../images/audience.ts";
import { LineSplitter } from "../job/lines.ts";

export const BuildEvent = v.object({
  stream: v.optional(v.string()),
  error: v.optional(v.string()),
  errorDetail: v.optional(v.object({ code: v.optional(v.number()), message: v.optional(v.string()) })),
  aux: v.optional(v.object({ ID: v.optional(v.string()) })),
});
export type BuildEvent = v.InferOutput<typeof BuildEvent>;

export interface BuildOutputOptions {
  readonly steps: readonly (string | undefined)[];
  readonly tell: ImageWatcher;
  /** A step's container runs. */
  readonly running: (container: string) => void;
  /** A step has ended with that image; `isBase` if it was only where its stage begins. */
  readonly made: (image: string, isBase: boolean) => void;
}

const red = "\u001b[91m";
const plain = "\u001b[0m";

export class BuildOutput {
  readonly #options: BuildOutputOptions;
  readonly #lines = new LineSplitter();
  /** The engine's number of the step, from 0. */
  #step = -1;
  /** Whether the engine may still say in which container the step runs; later such a line is a program's own. */
  #fresh = false;
  #total = 0;
  /** The engine's last word in a step is its image; a program may have said the like before. */
  #image: string | undefined;
  #isBase = false;

  constructor(options: BuildOutputOptions) {
    this.#options = options;
  }

  take({ stream }: BuildEvent): void {
    if (stream === undefined) return;
    // The engine paints what comes from stderr red.
    const painted = stream.startsWith(red) && stream.endsWith(plain);
    const text = painted ? stream.slice(red.length, -plain.length) : stream;
    for (const line of this.#lines.write(Buffer.from(text))) if (line !== undefined) this.#line(line);
  }

  end(): void {
    for (const line of this.#lines.end()) if (line !== undefined) this.#line(line);
  }

  /** The step that runs or has failed, for a sentence. */
  get place(): string {
    const shown = this.#options.steps[this.#step];
    if (shown === undefined) return "";
    const short = shown.length > 120 ? `${shown.slice(0, 120)}...` : shown;
    return ` at step ${this.#seen(this.#step + 1)} of ${this.#seen(this.#total)}, ${JSON.stringify(short)}`;
  }

  #line(line: string): void {
    const { tell, running, made, steps } = this.#options;
    const begun = /^Step (\d+)\/(\d+) : (FROM\b)?/i.exec(line);
    if (begun) {
      if (this.#image !== undefined) made(this.#image, this.#isBase);
      this.#image = undefined;
      this.#isBase = begun[3] !== undefined;
      this.#step = Number(begun[1]) - 1;
      this.#total = Number(begun[2]);
      this.#fresh = true;
      const shown = steps[this.#step];
      if (shown === undefined) return;
      const [number, total] = [this.#seen(this.#step + 1), this.#seen(this.#total)];
      tell.line(`Step ${number}/${total}: ${shown}`, "docker build");
      tell.progress({ message: shown, amount: { done: number - 1, total, unit: "steps" } });
      return;
    }
    const container = /^ ---> Running in ([0-9a-f]{12,64})$/.exec(line)?.[1];
    const fresh = this.#fresh;
    if (line !== "") this.#fresh = false;
    if (container !== undefined && fresh) {
      running(container);
      return;
    }
    if (line === " ---> Using cache" && fresh) {
      if (steps[this.#step] !== undefined) tell.line("(done before)", "docker build");
      return;
    }
    this.#image = /^ ---> ([0-9a-f]{12})$/.exec(line)?.[1] ?? this.#image;
    if (steps[this.#step] === undefined || /^ ---> [0-9a-f]{12}$/.test(line)) return;
    if (/^(?:Removing intermediate container [0-9a-f]{12}|Successfully (?:built [0-9a-f]{12}|tagged \S+))$/.test(line))
      return;
    if (line !== "") tell.line(line, "docker build");
  }

  /** How many of the first steps people see. */
  #seen(count: number): number {
    return this.#options.steps.slice(0, count).filter((shown) => shown !== undefined).length;
  }
}
