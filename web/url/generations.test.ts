// Every parameter as each generation of the encoders in use writes it, and what each of them reads of what we write.

import { describe, expect, test } from "vitest";
import { encodeJson, encodeText, stableJson } from "./codec.ts";
import { readParameters } from "./parameters.ts";

interface Generation {
  /** The whole value as it stands in the fragment. */
  readonly json: (value: unknown) => string;
  readonly text: (text: string) => string;
  readonly read: (raw: string) => unknown;
}

const twice = (text: string) => btoa(encodeURIComponent(text));
const generations: Readonly<Record<string, Generation>> = {
  "the first": {
    json: (value) => encodeURIComponent(twice(stableJson(value))),
    text: encodeURIComponent,
    read: (raw) => JSON.parse(decodeURIComponent(atob(decodeURIComponent(raw).replace(/(%3D)+$/, "")))),
  },
  "the second": {
    json: (value) => btoa(stableJson(value)),
    text: (text) => text,
    read: (raw) => {
      const text = atob(raw);
      return JSON.parse(text.includes("%") ? decodeURIComponent(text) : text);
    },
  },
  "the third": {
    json: (value) => twice(stableJson(value)),
    text: (text) => text,
    read: (raw) => JSON.parse(decodeURIComponent(atob(raw))),
  },
};

const values = {
  job: { image: "python:3.12", command: "python /inputs/main.py", env: { A: "1 & 2?" }, requirements: { gpus: 1 } },
  inputs: { "main.py": "print(1)\n", "/etc/app.conf": "a=b" },
  definition: { version: "2", inputs: { "in.json": { type: "json" } }, outputs: { "out.csv": {} } },
  control: { namespace: "user42", callbacks: { queued: { url: "https://h/x", payload: { a: 1 } } }, maxDuration: "5m" },
};
const texts = { queue: "my-q", queueOverride: "team", maxJobDuration: "10m" };
const flags = ["ignoreQueueOverride", "autostart", "debug", "terminal", "resolverefs", "allowsetjob"] as const;

describe.each(Object.entries(generations))("%s generation", (_name, { json, text, read }) => {
  test("writes every parameter so that we read it", () => {
    const pairs = [
      ...Object.entries(values).map(([key, value]) => `${key}=${json(value)}`),
      ...Object.entries(texts).map(([key, value]) => `${key}=${text(value)}`),
      ...flags.map((key) => `${key}=true`),
      `config=${text("x")}`,
      `MY_VAR=${text("plain")}`,
    ];
    const { parameters, faults } = readParameters(`#?${pairs.join("&")}`, "");
    expect(faults).toEqual([]);
    expect(parameters).toMatchObject({ ...values, ...texts, ...Object.fromEntries(flags.map((key) => [key, true])) });
    expect([...parameters.variables]).toEqual([["MY_VAR", "plain"]]);
  });

  test.each(Object.entries(values))("reads our %s", (_key, value) => {
    expect(read(encodeJson(value))).toEqual(value);
  });

  test("is read also where its padding is missing, or was escaped on the way, once or twice", () => {
    for (const pad of ["=", "%3D", "%253D", ""])
      for (const image of ["a", "ab", "abc"]) {
        const raw = decodeURIComponent(json({ image })).replace(/=/g, pad);
        expect(readParameters(`#?job=${raw}`, "").parameters.job).toEqual({ image });
      }
  });
});

test("a queue's address is written so that no reader meets an escape in it", () => {
  for (const queue of ["http://localhost:8000/local", "k-0a1b", "my.q_1~"]) expect(encodeText(queue)).toBe(queue);
});

test.each([
  ["autostart", "false", false],
  ["autostart", "", false],
  ["autostart", "true", true],
])("%s=%s is %s and no fault", (key, text, isOn) => {
  const { parameters, faults } = readParameters(`#?${key}=${text}`, "");
  expect([parameters.autostart, faults]).toEqual([isOn, []]);
});

test.each([
  ["disabled", "disabled"],
  ["invisible", "invisible"],
  ["visible", "visible"],
  ["", "visible"],
  ["nonsense", "visible"],
])("the menu hm=%s is %s", (text, menu) => {
  const { parameters } = readParameters(`#?hm=${text}`, "");
  expect([parameters.menu, parameters.variables.size]).toEqual([menu, 0]);
});
