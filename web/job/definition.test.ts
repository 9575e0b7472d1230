import { describe, expect, test } from "vitest";
import { checkDefinition } from "../../wire/definition.ts";
import type { JsonObject } from "../url/codec.ts";
import { readParameters } from "../url/parameters.ts";
import { commandText, consentKeyOf, definitionOf, shellWord } from "./definition.ts";
import { environmentOf, substituted } from "./environment.ts";

const dollar = (name: string) => `\${${name}}`;

function built(job: JsonObject, hash = "", inputs = {}, configFiles = {}) {
  const check = definitionOf(job, readParameters(hash, "").parameters, inputs, configFiles);
  if (!check.ok) throw new Error(check.error);
  return { ...check.value, faults: check.faults };
}

describe("the definition", () => {
  test("takes variables from the address over its own env", () => {
    const { definition } = built(
      { image: "a", env: { A: "own", B: "own" } },
      "#?A=address&queue=q&autostart=true&hm=disabled",
    );
    expect(definition.env).toEqual({ A: "address", B: "own" });
  });

  test("passes on a name that programs can't read, and says so", () => {
    const { definition, faults } = built({ image: "a" }, "#?C%20D=1&1x=2&_ok9=3");
    expect(definition.env).toEqual({ "C%20D": "1", "1x": "2", _ok9: "3" });
    expect(faults.map(({ where }) => where)).toEqual(["C%20D", "1x"]);
  });

  test("replaces names in command and build context, and leaves the address's own object alone", () => {
    const job = {
      build: { context: `https://h/${dollar("tag")}/${dollar("tag")}` },
      command: ["echo", dollar("MSG"), dollar("none")],
      env: { tag: "v1" },
    };
    const { definition } = built(job, "#?MSG=$%26$1&x=1");
    expect(definition.build?.context).toBe("https://h/v1/v1");
    expect(definition.command).toEqual(["echo", "$&$1", dollar("none")]);
    expect(job.build.context).toContain(dollar("tag"));
  });

  test("takes the time limit of the address", () => {
    expect(built({ image: "a", maxDuration: "1h" }, "#?maxJobDuration=10m").definition.maxDuration).toBe("10m");
  });

  test("has runtime inputs over its own, and its files beside them", () => {
    const { definition } = built(
      { image: "a", inputs: { x: { value: "1" }, y: { value: "2" } }, configFiles: { "/etc/z": { value: "3" } } },
      "",
      { y: { type: "utf8", value: "new" } },
      { "main.py": { type: "utf8", value: "print()" } },
    );
    expect(definition.inputs).toEqual({ x: { value: "1" }, y: { type: "utf8", value: "new" } });
    expect(Object.keys(definition.configFiles ?? {})).toEqual(["/etc/z", "main.py"]);
  });

  test("without extras has the id of the bare definition", () => {
    const bare = checkDefinition({ image: "a", command: "ls" });
    expect(bare.ok && bare.value.id).toBe(built({ image: "a", command: "ls" }, "#?queue=q").id);
  });

  test.each([
    [{ image: "a", inputs: [] }, /"inputs" is a JSON object/],
    [{ image: "" }, /empty/],
    [{ image: "a", maxDuration: "soon" }, /duration/],
  ])("%j is refused with a sentence", (job, error) => {
    const check = definitionOf(job, readParameters("", "").parameters, {}, {});
    expect(check.ok).toBe(false);
    if (!check.ok) expect(check.error).toMatch(error);
  });
});

test("consent is for a definition on a page, whatever its inputs and the values of its variables", () => {
  const job = { image: "a", command: `run ${dollar("X")}`, env: { T: "1" } };
  const key = (other: JsonObject, hash: string, inputs = {}, configFiles = {}, page = "https://p") =>
    consentKeyOf(built(other, hash, inputs, configFiles).template, page);
  const same = key(job, "#?X=1");
  expect(key({ ...job, env: { T: "2" } }, "#?X=2", { in: { type: "utf8", value: "data" } })).toBe(same);
  expect(key(job, "#?X=1&Y=1")).not.toBe(same);
  expect(key({ ...job, command: "rm -rf /" }, "#?X=1")).not.toBe(same);
  expect(key({ ...job, image: "b" }, "#?X=1")).not.toBe(same);
  expect(key(job, "#?X=1", {}, { "main.py": { type: "utf8", value: "evil" } })).not.toBe(same);
  expect(key(job, "#?X=1", {}, {}, "https://other")).not.toBe(same);
});

test("an own env that is no object is no reason to fail", () => {
  expect(environmentOf({ env: "x" }, new Map([["A", "1"]])).env).toEqual({ A: "1" });
});

test("a replaced value is not looked into again", () => {
  const values = new Map([
    ["A", dollar("B")],
    ["B", "b"],
  ]);
  expect(substituted(`${dollar("A")} ${dollar("B")} $B ${dollar("")}`, values)).toBe(
    `${dollar("B")} b $B ${dollar("")}`,
  );
});

test.each([
  ["local", "local"],
  ["a b", "'a b'"],
  ["x; rm -rf ~", "'x; rm -rf ~'"],
  ["it's", `'it'\\''s'`],
  ["", "''"],
])("the word %j is copied as %s", (word, text) => {
  expect(shellWord(word)).toBe(text);
});

test("a command is shown as it would be typed", () => {
  expect(commandText(["sh", "-c", "echo $A"])).toBe("sh -c 'echo $A'");
  expect(commandText("ls -la")).toBe("ls -la");
});
