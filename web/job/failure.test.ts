import { expect, test } from "vitest";
import type { Job } from "../../wire/job.ts";
import type { JobResult } from "../../wire/result.ts";
import { failureOf } from "./failure.ts";

const job = (more: Partial<Job>): Job => ({ queuedTime: 1, state: "Finished", time: 2, worker: "", ...more });
const result = (more: Partial<JobResult> = {}): JobResult => ({
  logs: [],
  isTimedOut: false,
  outputs: {},
  phases: [{ phase: "image", start: 0, ms: 1 }],
  ...more,
});

test.each<[string, Partial<Job>, Partial<JobResult>, RegExp, RegExp]>([
  ["a missing image", { finishedReason: "Error" }, { error: "No such image: x:1" }, /could not get the image/, /tag/],
  [
    "a missing program",
    { finishedReason: "Error" },
    { error: "exec: executable file not found" },
    /not be started/,
    /shell/,
  ],
  ["a lost agent", { finishedReason: "WorkerLost" }, {}, /turned off/, /again/],
  ["127", { finishedReason: "Success", statusCode: 127 }, {}, /no such command/i, /spelled/],
  ["137", { finishedReason: "Success", statusCode: 137 }, {}, /memory/, /Memory/],
  [
    "the kernel's memory limit",
    { finishedReason: "Success", statusCode: 1 },
    { resources: { outOfMemory: true } },
    /more memory than it may/,
    /Memory/,
  ],
])("%s is explained, with something to try", (_name, more, part, meaning, tries) => {
  const failure = failureOf(job(more), result(part), undefined);
  expect(failure?.meaning).toMatch(meaning);
  expect(failure?.tries.join(" ")).toMatch(tries);
});

test("a run that was stopped, replaced or went well has not failed", () => {
  for (const finishedReason of ["Success", "Cancelled", "JobReplacedByClient", "Deleted"] as const)
    expect(failureOf(job({ finishedReason }), result({ StatusCode: 0 }), undefined)).toBeUndefined();
  expect(failureOf(job({ state: "Running" }), undefined, undefined)).toBeUndefined();
});

test("the phase is the last one that began, and an unknown error is told as it is", () => {
  const failure = failureOf(job({ finishedReason: "Error" }), result({ error: "odd" }), undefined);
  expect(failure).toMatchObject({ phase: "image", what: "odd", meaning: undefined });
});
