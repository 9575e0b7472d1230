import { expect, test } from "vitest";
import { encodeJson } from "../url/codec.ts";
import { readParameters } from "../url/parameters.ts";
import { definitionOf } from "./definition.ts";
import { differencesOf, type RunFacts, returnTo, runRecordOf } from "./runRecord.ts";

const text = (value: string) => ({ type: "utf8", value }) as const;

function record(hash: string, inputs: Readonly<Record<string, ReturnType<typeof text>>>, more: Partial<RunFacts> = {}) {
  const { parameters } = readParameters(hash, "");
  const check = definitionOf(parameters.job ?? {}, parameters, inputs, {});
  if (!check.ok) throw new Error(check.error);
  return runRecordOf({
    ready: check.value,
    hash,
    run: hash,
    time: 1,
    reason: "Success",
    exitCode: 0,
    durationMs: 5,
    outputs: {},
    ...more,
  });
}

const job = encodeJson({ image: "a", command: ["x", "y"] });
const first = `#?job=${job}&A=1&autostart=true&queue=q`;

test("returning to a run sets what decided it, takes away what came later, and leaves the rest", () => {
  const kept = record(first, {});
  expect(kept.parameters).toEqual({ job, A: "1" });
  expect(returnTo(kept, `#?job=other&B=2&queue=z&mp_x=1&hm=disabled`)).toEqual({ job, A: "1", B: undefined });
});

test("a run of a short link carries its definition", () => {
  const kept = record(first, {});
  const { parameters } = readParameters(first, "");
  const check = definitionOf(parameters.job ?? {}, parameters, {}, {});
  if (!check.ok) throw new Error(check.error);
  const short = runRecordOf({ ...kept, ready: check.value, hash: "#?queue=q", exitCode: 0, durationMs: 1 });
  const again = readParameters(`#?job=${short.parameters.job}`, "").parameters;
  const returned = definitionOf(again.job ?? {}, again, {}, {});
  expect(returned.ok && returned.value.id).toBe(kept.id);
});

test("two runs are told apart by definition, inputs, outputs and end, and by nothing else", () => {
  const a = record(
    first,
    { same: text("1"), changed: text("1"), gone: text("1") },
    { outputs: { o: { digest: "aaaaaaaaa" } } },
  );
  const other = `#?job=${encodeJson({ image: "a", command: ["x", "z"], workdir: "/w" })}&A=1`;
  const b = record(
    other,
    { same: text("1"), changed: text("2") },
    { exitCode: 3, time: 9, run: "b", outputs: { o: { digest: "bbbbbbbbb", size: 4 } } },
  );
  expect(differencesOf(a, b).map(({ part, name, first, second }) => [part, name, first, second])).toEqual([
    ["definition", "command.1", "y", "z"],
    ["definition", "workdir", undefined, "/w"],
    ["input", "changed", expect.stringMatching(/^[0-9a-f]{8}$/), expect.stringMatching(/^[0-9a-f]{8}$/)],
    ["input", "gone", expect.stringMatching(/^[0-9a-f]{8}$/), undefined],
    ["output", "o", "aaaaaaaa", "bbbbbbbb"],
    ["end", "exit code", "0", "3"],
  ]);
  expect(differencesOf(a, { ...a, run: "later", time: 99 })).toEqual([]);
});
