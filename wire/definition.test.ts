import { expect, test } from "vitest";
import { checkDefinition, durationOf } from "./definition.ts";
import { definitionBytesMax } from "./limits.ts";

const deep = JSON.parse("[".repeat(5000) + "]".repeat(5000));

test.each([
  ["null", null, /JSON object/],
  ["an array", [], /JSON object/],
  ["neither image nor build", { command: "ls" }, /needs an `image` or a `build`/],
  ["an empty build", { build: { target: "x" } }, /`context` or a `dockerfile`/],
  ["an input that climbs out", { image: "a", inputs: { "../x": { type: "utf8", value: "" } } }, /"\.\." segment/],
  ["a config file that climbs out", { image: "a", configFiles: { "/a/../b": { value: "" } } }, /"\.\." segment/],
  ["a config file over /inputs", { image: "a", configFiles: { "/inputs": { value: "" } } }, /reserved/],
  ["a null ref", { image: "a", inputs: { x: null } }, /no data ref for "x"/],
  ["a ref of unknown type", { image: "a", inputs: { x: { type: "file", value: "/etc" } } }, /A data ref is/],
  ["a number as utf8", { image: "a", inputs: { x: { type: "utf8", value: 1 } } }, /A data ref is/],
  ["a duration nobody can read", { image: "a", maxDuration: "soon" }, /A duration looks like/],
  ["memory nobody can read", { image: "a", requirements: { memory: "lots" } }, /A size looks like/],
  ["env with an equals sign", { image: "a", env: { "A=B": "1" } }, /no '='/],
  ["absurd nesting", { image: "a", inputs: { x: { type: "json", value: deep } } }, /nested at most/],
])("%s is refused with a sentence", (_name, definition, error) => {
  const check = checkDefinition(definition);
  expect(check).toMatchObject({ ok: false, status: 400 });
  if (!check.ok) expect(check.error).toMatch(error);
});

test("a definition above its limit is told to upload", () => {
  const big = { image: "a", inputs: { x: { type: "utf8", value: "x".repeat(definitionBytesMax) } } };
  expect(checkDefinition(big)).toMatchObject({ ok: false, status: 413 });
});

test("an input with a leading slash means the same file", () => {
  expect(checkDefinition({ image: "a", inputs: { "/x/y.txt": { value: "1" } } }).ok).toBe(true);
});

test("the time limit is the smaller of the two that a definition may name", () => {
  const duration = (definition: unknown) => {
    const check = checkDefinition(definition);
    return check.ok ? durationOf(check.value.definition, 1) : undefined;
  };
  expect(duration({ image: "a", maxDuration: "10m", requirements: { maxDuration: "5m" } })).toBe(300_000);
  expect(duration({ image: "a" })).toBe(1);
});
