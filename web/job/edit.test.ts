import { expect, test } from "vitest";
import { frameAllow } from "../frame/allow.ts";
import { textAt, variablesOf, withField, withPipes, withSource } from "./edit.ts";

test.each([
  [{ image: "a" }, ["command"], "ls", { image: "a", command: "ls" }],
  [{ image: "a", command: "x" }, ["command"], undefined, { image: "a" }],
  [{ image: "a" }, ["requirements", "gpus"], 1, { image: "a", requirements: { gpus: 1 } }],
  [{ requirements: { gpus: 1, cpus: 2 } }, ["requirements", "gpus"], undefined, { requirements: { cpus: 2 } }],
  [{ image: "a", requirements: { gpus: 1 } }, ["requirements", "gpus"], undefined, { image: "a" }],
  [{ env: "nonsense", image: "a" }, ["env", "A"], "1", { env: { A: "1" }, image: "a" }],
])("%j with %j = %j is %j", (job, path, value, changed) => {
  const before = JSON.stringify(job);
  expect(JSON.stringify(withField(job, path, value))).toBe(JSON.stringify(changed));
  expect(JSON.stringify(job)).toBe(before);
});

test("an image takes the place of a build, and the other way round", () => {
  const job = { image: "a", command: "ls" };
  const build = withSource(job, "build", { context: "https://x/y" });
  expect(build).toEqual({ command: "ls", build: { context: "https://x/y" } });
  expect(withSource(build, "image", "a")).toEqual(job);
});

test("fields read as they would be typed", () => {
  const job = { requirements: { gpus: 2 }, tags: ["a", "b"], image: null };
  expect([["requirements", "gpus"], ["tags"], ["image"], ["no", "such"]].map((path) => textAt(job, path))).toEqual([
    "2",
    "a, b",
    "",
    "",
  ]);
});

test("each variable says where its value comes from", () => {
  expect(
    variablesOf(
      { env: { A: "1", B: 2 } },
      new Map([
        ["A", "over"],
        ["C", "3"],
      ]),
    ),
  ).toEqual([
    { name: "A", value: "over", source: "address", isOverriding: true },
    { name: "B", value: "2", source: "definition", isOverriding: false },
    { name: "C", value: "3", source: "address", isOverriding: false },
  ]);
});

test("declared pipes keep what a frame may do, whatever the definition said before; without any there is none", () => {
  const one = withPipes({}, "inputs", { "in.csv": {} });
  expect(one).toEqual({ version: "2", allow: frameAllow, inputs: { "in.csv": {} } });
  const two = withPipes({ version: "1", allow: "camera", metadata: { name: "n" } }, "outputs", { "o.png": {} });
  expect(two).toEqual({ version: "1", allow: "camera", metadata: { name: "n" }, outputs: { "o.png": {} } });
  expect(withPipes(one ?? {}, "inputs", {})).toBeUndefined();
});
