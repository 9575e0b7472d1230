import { expect, test } from "vitest";
import type { JobPhase } from "../../wire/result.ts";
import { Phases, type ProgressNote } from "./phases.ts";

function told() {
  const said: [JobPhase, string | undefined][] = [];
  let now = 0;
  const clock = () => ++now;
  const tell = (phase: JobPhase, note: ProgressNote) => said.push([phase, note.message]);
  return { said, phases: new Phases({ now: clock, elapsed: clock, beganAt: 0, done: [], tell }) };
}

test("of two phases at once, the one that says how far it is stays on show until it ends, then the other follows", async () => {
  const { said, phases } = told();
  const ends: (() => void)[] = [];
  const until = () => new Promise<void>((resolve) => ends.push(resolve));
  const inputs = phases.during("inputs", until);
  const image = phases.during("image", until);
  phases.note("inputs", { message: "1 of 2 files" });
  phases.note("image", { message: "Downloading" });
  phases.note("inputs", { message: "2 of 2 files" });
  phases.note("image", { message: "Extracting" });
  ends[0]?.();
  await inputs;
  ends[1]?.();
  await image;
  // Nothing is told of a phase that is over.
  phases.note("image", { message: "late" });
  await phases.during("run", async () => {});
  expect(said).toEqual([
    ["inputs", "1 of 2 files"],
    ["inputs", "2 of 2 files"],
    ["image", "Extracting"],
    ["run", undefined],
  ]);
});
