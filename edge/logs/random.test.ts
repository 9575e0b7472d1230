import { expect, test } from "vitest";
import type { Held } from "../../wire/agentMessages.ts";
import { isBuild, type LogPiece } from "../../wire/logPiece.ts";
import type { LogStep } from "../../wire/result.ts";
import { type TestAgent, TestQueue } from "../queue/testQueue.ts";
import { Seeded } from "../simulation/seeded.ts";
import { again, heldBy, linesOf, TestLog } from "./testLog.ts";

const steps: readonly LogStep[] = ["docker image pull", "docker build", "Running", "Running", "Running"];

interface Line {
  readonly text: string;
  readonly step: LogStep;
  /** It has come to the queue, by itself or in a piece. */
  isKnown: boolean;
}

/** One job whose agents print, lose, repeat and seal lines at random; beside it, what its log must say. */
class Printing {
  readonly queue = new TestQueue();
  readonly log = new TestLog(this.queue);
  readonly job = this.queue.submit("1");
  readonly random: Seeded;
  readonly truth: Line[] = [];
  #agents = 0;
  #agent: TestAgent;
  #held: Held;
  #base = 0;
  #sealedTo = 0;

  constructor(seed: number) {
    this.random = new Seeded(seed);
    this.#agent = this.queue.agent(`${this.#agents++}`);
    this.#held = heldBy(this.#agent);
  }

  step(): void {
    const dice = this.random.below(100);
    if (dice < 60) this.#print();
    else if (dice < 75) this.#repeat();
    else if (dice < 95) this.#seal();
    else if (dice < 97 && this.#agents < 3) this.#lose();
  }

  #print(): void {
    const step = this.random.pick(steps) ?? "Running";
    const first = this.truth.length;
    const arrives = this.random.chance(0.85);
    for (let i = this.random.below(4); i >= 0; i--) {
      this.truth.push({ text: `${this.truth.length}`, step, isKnown: arrives });
    }
    if (arrives) this.#send(first, step);
  }

  #send(first: number, step: LogStep): void {
    const texts = this.truth.slice(first).map(({ text }) => text);
    this.log.print(this.#agent, this.#held, first - this.#base, texts, step);
  }

  /** The last lines of one step once more, as after a reconnect, with those before them that got lost. */
  #repeat(): void {
    const last = this.truth.at(-1);
    if (!last || this.truth.length === this.#base) return;
    let first = this.truth.length;
    while (first > this.#base && this.truth[first - 1]?.step === last.step) first -= 1;
    const lastKnown = this.truth.findLastIndex(({ isKnown }) => isKnown);
    this.#send(first, last.step);
    // What lies before a line that the queue has is not taken up again.
    for (const line of this.truth.slice(Math.max(first, lastKnown + 1))) line.isKnown = true;
  }

  #seal(): void {
    const from = this.#sealedTo;
    const count = this.random.below(this.truth.length - from + 1);
    if (count === 0) return;
    const lines = this.truth.slice(from, from + count);
    const piece: LogPiece = lines.map(({ text, step }) => ({ step, lines: linesOf(text) }));
    this.log.seal(this.#agent, this.#held, from - this.#base, piece);
    for (const line of lines) line.isKnown = true;
    this.#sealedTo = from + count;
  }

  /** The agent is lost, and with it what only it knew; another goes on behind a line that says so. */
  #lose(): void {
    this.#agent.disconnect();
    this.queue.pass(40_000);
    this.truth.length = this.truth.findLastIndex(({ isKnown }) => isKnown) + 1;
    const printed = this.truth.length > this.#base;
    if (printed) this.truth.push({ text: again, step: "Running", isKnown: true });
    this.#base = this.truth.length;
    this.#sealedTo = this.#base;
    this.#agent = this.queue.agent(`${this.#agents++}`);
    this.#held = heldBy(this.#agent);
  }
}

const known = (lines: readonly Line[]) => lines.flatMap(({ text, isKnown }) => (isKnown ? [text] : []));

test.each(Array.from({ length: 15 }, (_, seed) => seed + 1))(
  "whatever is printed, lost, repeated and sealed, readers see every line that came, once and in order (seed %i)",
  async (seed) => {
    const printing = new Printing(seed);
    const { truth, log, job, random } = printing;
    for (let i = 0; i < 150; i++) {
      printing.step();
      const since = random.below(truth.length + 1);
      const all = await log.all(job, "all", since);
      expect(all.filter((text) => text !== "...")).toEqual(known(truth.slice(since)));
      for (const kind of ["build", "run"] as const) {
        const lines = (await log.all(job, kind)).filter((text) => text !== "...");
        expect(lines).toEqual(known(truth.filter(({ step }) => isBuild(step) === (kind === "build"))));
      }
    }
  },
);
