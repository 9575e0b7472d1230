import { expect, test } from "vitest";
import { checkDefinition } from "../../wire/definition.ts";
import type { Job } from "../../wire/job.ts";
import type { FinishedReason } from "../../wire/result.ts";
import { resolveQueue } from "../url/target.ts";
import { type Facts, statusOf } from "./status.ts";

const check = checkDefinition({ image: "a" });
if (!check.ok) throw new Error(check.error);
const ready: Facts["definition"] = { kind: "ready", ready: { ...check.value, raw: {}, template: {} }, faults: [] };
const base: Facts = {
  target: resolveQueue("q", "https://api.example"),
  definition: ready,
  connection: { kind: "open" },
  agents: 1,
  job: undefined,
  asked: undefined,
  refusal: undefined,
  result: undefined,
  isAsking: false,
};
const job: Job = { queuedTime: 1_000, state: "Running", time: 2_000, worker: "w" };
const finished = (reason: FinishedReason, more: Partial<Job> = {}): Job => ({
  ...job,
  state: "Finished",
  time: 4_400,
  finishedReason: reason,
  ...more,
});
const onItsWay = { name: "a.bin", step: "sending", done: 4_999_999, total: 10_000_000, stop() {} } as const;
const offline = { kind: "offline", since: 1, retryAt: 2 } as const;

test.each<[string, Partial<Facts>, string, RegExp, readonly string[]]>([
  ["no job", { definition: { kind: "empty" } }, "No job yet", /no image/, []],
  ["a broken definition", { definition: { kind: "invalid", error: "why." } }, "Can't run", /why/, []],
  ["a failed upload", { definition: { kind: "failed", error: "why." } }, "Upload failed", /why/, ["upload"]],
  ["no queue", { target: { kind: "none" } }, "No queue", /Name the queue/, []],
  ["a queue that is none", { target: { kind: "invalid", error: "why." } }, "No such queue", /why/, []],
  ["uploading", { definition: { kind: "resolving" } }, "Preparing inputs", /^$/, []],
  [
    "sending",
    { definition: { kind: "resolving" }, transfers: [onItsWay, { ...onItsWay, name: "b" }] },
    "Uploading inputs",
    /^a\.bin: 49 %, 5\.0 MB of 10 MB, and 1 more$/,
    ["cancel"],
  ],
  ["connecting", { connection: { kind: "connecting" } }, "Connecting", /^$/, ["run"]],
  ["offline", { connection: offline }, "Offline", /does not answer/, ["retry"]],
  ["offline while running", { connection: offline, job }, "Offline", /Last heard: starting/, ["retry"]],
  ["offline after the end", { connection: offline, job: finished("Success") }, "Done in 3.4 s", /^$/, ["again"]],
  ["ready", {}, "Ready", /^$/, ["run"]],
  ["ready without agents", { agents: 0 }, "Ready", /No agent/, ["run"]],
  ["asking", { isAsking: true }, "Waiting for you", /your computer/, []],
  ["sent", { asked: { kind: "run", frames: [], at: 5, before: undefined } }, "Sending", /^$/, ["stop"]],
  ["stopping", { job, asked: { kind: "stop", frames: [], at: 5, before: 1 } }, "Stopping", /^$/, []],
  [
    "refused",
    { refusal: { code: "full", error: "Full.", retryAfterMs: 2000 } },
    "Refused",
    /Full\. Try again in 2\.0 s/,
    ["run"],
  ],
  ["queued", { job: { ...job, state: "Queued" } }, "Queued", /free agent/, ["stop"]],
  ["queued with a reason", { job: { ...job, state: "Queued", waiting: "Needs a GPU." } }, "Queued", /GPU/, ["stop"]],
  ["queued without agents", { job: { ...job, state: "Queued" }, agents: 0 }, "Queued", /No agent/, ["stop"]],
  ["starting", { job }, "Starting", /^$/, ["stop"]],
  [
    "pulling",
    { job: { ...job, progress: { phase: "image", since: 3, message: "3 of 5 layers" } } },
    "Getting the image",
    /3 of 5/,
    ["stop"],
  ],
  [
    "inputs with their bytes",
    { job: { ...job, progress: { phase: "inputs", since: 3, amount: { done: 120e6, total: 300e6, unit: "bytes" } } } },
    "Fetching inputs",
    /^120 of 300 MB$/,
    ["stop"],
  ],
  [
    "a pull with what is left",
    {
      job: {
        ...job,
        progress: {
          phase: "image",
          since: 3,
          message: "Downloading",
          amount: { done: 9e5, total: 3e8, unit: "bytes" },
        },
      },
      leftMs: 21_000,
    },
    "Getting the image",
    /^Downloading, 900 KB of 300 MB, about 20 s left$/,
    ["stop"],
  ],
  [
    "a build",
    {
      job: {
        ...job,
        progress: { phase: "image", since: 3, message: "RUN make", amount: { done: 2, total: 7, unit: "steps" } },
      },
    },
    "Building the image",
    /^Step 3 of 7: RUN make$/,
    ["stop"],
  ],
  ["running", { job: { ...job, progress: { phase: "run", since: 3 } } }, "Running", /^$/, ["stop"]],
  ["done", { job: finished("Success") }, "Done in 3.4 s", /^$/, ["again"]],
  ["exit 0", { job: finished("Success", { statusCode: 0 }) }, "Done in 3.4 s", /^$/, ["again"]],
  ["exit 127", { job: finished("Success", { statusCode: 127 }) }, "Exit code 127", /no such command/, ["again"]],
  ["result lost", { job: finished("Success"), result: { kind: "failed", error: "gone." } }, "Done", /gone/, ["again"]],
  [
    "failed",
    {
      job: finished("Error"),
      result: {
        kind: "ready",
        finished: {
          type: "Finished",
          reason: "Error",
          time: 1,
          result: { logs: [], isTimedOut: false, outputs: {}, error: "No such image." },
        },
      },
    },
    "Failed",
    /No such image/,
    ["again"],
  ],
  ["timed out", { job: finished("TimedOut") }, "Timed out", /time limit/, ["again"]],
  ["stopped", { job: finished("Cancelled") }, "Stopped", /^$/, ["again"]],
  ["replaced", { job: finished("JobReplacedByClient") }, "Replaced", /newer job/, ["again"]],
  ["agent lost", { job: finished("WorkerLost") }, "Agent lost", /not heard/, ["again"]],
])("%s", (_name, facts, word, detail, actions) => {
  const status = statusOf({ ...base, ...facts });
  expect(status.word).toBe(word);
  expect(status.detail ?? "").toMatch(detail);
  expect(status.actions).toEqual(actions);
});
