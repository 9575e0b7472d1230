import { describe, expect, test } from "vitest";
import { readParameters } from "./parameters.ts";
import { effectiveQueue, resolveQueue } from "./target.ts";

const parametersOf = (url: string) => {
  const { hash, search } = new URL(url);
  return readParameters(hash, search);
};

describe("links in use are read as their makers meant them", () => {
  const lsJob = { command: "ls -la", image: "alpine:3.18.5" };
  test.each([
    [
      "padding escaped",
      "https://c.example/#?job=JTdCJTIyY29tbWFuZCUyMiUzQSUyMmxzJTIwLWxhJTIyJTJDJTIyaW1hZ2UlMjIlM0ElMjJhbHBpbmUlM0EzLjE4LjUlMjIlN0Q%3D&queue=public1",
    ],
    [
      "padding plain",
      "https://c.example/#?job=JTdCJTIyY29tbWFuZCUyMiUzQSUyMmxzJTIwLWxhJTIyJTJDJTIyaW1hZ2UlMjIlM0ElMjJhbHBpbmUlM0EzLjE4LjUlMjIlN0Q=&queue=public1",
    ],
    [
      "base64 of plain JSON",
      "https://c.example/#?job=eyJjb21tYW5kIjoibHMgLWxhIiwiaW1hZ2UiOiJhbHBpbmU6My4xOC41In0=&queue=public1",
    ],
    [
      "the oldest form, with a prehash",
      "https://c.example/#/queue/1?job=eyJjb21tYW5kIjoibHMgLWxhIiwiaW1hZ2UiOiJhbHBpbmU6My4xOC41In0=&queue=public1",
    ],
  ])("a minimal job, %s", (_name, url) => {
    const { parameters, faults } = parametersOf(url);
    expect(parameters.job).toEqual(lsJob);
    expect(parameters.queue).toBe("public1");
    expect(faults).toEqual([]);
  });

  test("a script with its file", () => {
    const { parameters, faults } = parametersOf(
      "https://c.example/#?autostart=true&inputs=JTdCJTIybWFpbi5weSUyMiUzQSUyMnByaW50KCU1QyUyMmglQzMlQTklNUMlMjIpJTVDbiUyMiU3RA%3D%3D&job=JTdCJTIyY29tbWFuZCUyMiUzQSUyMnB5dGhvbiUyMCUyRmlucHV0cyUyRm1haW4ucHklMjIlMkMlMjJpbWFnZSUyMiUzQSUyMnB5dGhvbiUzQTMuMTItYWxwaW5lJTIyJTdE&queue=my-q&terminal=true",
    );
    expect(parameters).toMatchObject({
      autostart: true,
      terminal: true,
      queue: "my-q",
      inputs: { "main.py": 'print("hé")\n' },
      job: { command: "python /inputs/main.py", image: "python:3.12-alpine" },
    });
    expect(parameters.variables.size).toBe(0);
    expect(faults).toEqual([]);
  });

  test("a git build with variables", () => {
    const { parameters } = parametersOf(
      "https://c.example/#?MSG=a%20b%26c&job=JTdCJTIyYnVpbGQlMjIlM0ElN0IlMjJjb250ZXh0JTIyJTNBJTIyaHR0cHMlM0ElMkYlMkZnaXRodWIuY29tJTJGbyUyRnIlMkZ0cmVlJTJGJTI0JTdCdGFnJTdEJTIyJTdEJTJDJTIyY29tbWFuZCUyMiUzQSUyMmVjaG8lMjAlMjRNU0clMjIlN0Q%3D&queue=local&tag=v1.2.3",
    );
    expect(parameters.job).toEqual({
      build: { context: "https://github.com/o/r/tree/$" + "{tag}" },
      command: "echo $MSG",
    });
    expect([...parameters.variables]).toEqual([
      ["MSG", "a b&c"],
      ["tag", "v1.2.3"],
    ]);
  });

  test("declared pipes", () => {
    const { parameters, faults } = parametersOf(
      "https://c.example/#?definition=JTdCJTIyaW5wdXRzJTIyJTNBJTdCJTIyaW4uanNvbiUyMiUzQSU3QiUyMnR5cGUlMjIlM0ElMjJqc29uJTIyJTdEJTdEJTJDJTIyb3V0cHV0cyUyMiUzQSU3QiUyMm91dC5jc3YlMjIlM0ElN0IlN0QlN0QlMkMlMjJ2ZXJzaW9uJTIyJTNBJTIyMSUyMiU3RA%3D%3D&job=JTdCJTIyY29tbWFuZCUyMiUzQSUyMnRydWUlMjIlMkMlMjJpbWFnZSUyMiUzQSUyMmFscGluZSUyMiU3RA%3D%3D&queue=q&resolverefs=true",
    );
    expect(parameters).toMatchObject({ resolverefs: true, job: { command: "true", image: "alpine" } });
    expect(faults).toEqual([]);
  });

  test("a parent's controls", () => {
    const { parameters } = parametersOf(
      "https://c.example/#?allowsetjob=true&control=JTdCJTIybmFtZXNwYWNlJTIyJTNBJTIydXNlcjQyJTIyJTdE&debug=true&job=JTdCJTIyY29tbWFuZCUyMiUzQSUyMnRydWUlMjIlMkMlMjJpbWFnZSUyMiUzQSUyMmFscGluZSUyMiU3RA%3D%3D&maxJobDuration=10m&queue=q&queueOverride=team",
    );
    expect(parameters).toMatchObject({
      allowsetjob: true,
      debug: true,
      control: { namespace: "user42" },
      maxJobDuration: "10m",
    });
    expect(effectiveQueue(parameters)).toBe("team");
    expect(effectiveQueue({ ...parameters, ignoreQueueOverride: true })).toBe("q");
  });

  test("command and image of the oldest links are environment, the job counts", () => {
    const { parameters } = parametersOf(
      "https://c.example/?command=old&image=old#/queue/1?command=ls&image=busybox&job=eyJpbWFnZSI6ImEifQ&queue=public1",
    );
    expect(parameters.job).toEqual({ image: "a" });
    expect(Object.fromEntries(parameters.variables)).toEqual({ command: "ls", image: "busybox" });
  });

  test.each(["#?queue=http://localhost:8000/local", "#?queue=http%3A%2F%2Flocalhost%3A8000%2Flocal"])(
    "another server: %s",
    (hash) => {
      const { parameters } = readParameters(hash, "");
      expect(resolveQueue(parameters.queue, "https://c.example")).toMatchObject({
        target: { api: "http://localhost:8000", queue: "local", loopback: true },
      });
    },
  );
});

describe("nothing in an address breaks the rest", () => {
  test.each([
    ["job", "job=%%%", /job definition/],
    ["job", "job=eyJh", /job definition/],
    ["job", "job=W10=", /job definition/],
    ["inputs", "inputs=nonsense!", /file names/],
    ["definition", "definition=zzz", /metaframe definition/],
    ["control", "control=eyJuYW1lc3BhY2UiOjF9", /namespace/],
    ["maxJobDuration", "maxJobDuration=soon", /duration like/],
    ["autostart", "autostart=yes", /true or false/],
    ["hm", "hm=open", /visible, invisible or disabled/],
    ["mp_line", "mp_line=ten", /number of a line/],
    ["inputs › a", "inputs=eyJhIjoxLCJiIjoieCJ9", /file's text/],
  ])("a broken %s is named (%s)", (where, pair, message) => {
    const { parameters, faults } = readParameters(`#?${pair}&queue=q&A=1`, "");
    expect(faults).toHaveLength(1);
    expect(faults[0]?.where).toBe(where);
    expect(faults[0]?.message).toMatch(message);
    expect(parameters.queue).toBe("q");
    expect(parameters.variables.get("A")).toBe("1");
  });

  test.each([
    "",
    "#",
    "##",
    "#?",
    "#??",
    "#?&&",
    "#?=",
    "#?=x",
    "#?%",
    "#?a=%zz",
    "#?__proto__=1&constructor=2",
    "#job=x",
    "#?\u0000=\ud800",
  ])("%j is read", (hash) => {
    expect(() => readParameters(hash, "?%=%&&=")).not.toThrow();
  });

  test("parameters without #? are pointed out", () => {
    expect(readParameters("#job=eyJ9", "").faults[0]?.message).toMatch(/#\?/);
  });
});

test("the environment is what is not reserved: the fragment over the search part, decoded once", () => {
  const reserved = [
    "allowsetjob",
    "autostart",
    "config",
    "control",
    "debug",
    "definition",
    "ignoreQueueOverride",
    "inputs",
    "job",
  ];
  const more = [
    "maxJobDuration",
    "queue",
    "queueOverride",
    "resolverefs",
    "terminal",
    "hm",
    "options",
    "hidemenu",
    "permit",
  ];
  const injected = ["channel", "CHANNEL", "readonly", "edit", "parent-metapage-id", "fs-path", "mp_debug", "mp-x"];
  const pairs = [...reserved, ...more, ...injected].map((key) => `${key}=`).join("&");
  const { parameters } = readParameters(`#?${pairs}&A=from%20hash&B=%zz&C=1+1&D`, "?A=search&E=a+b&job=x&queue=y");
  expect(Object.fromEntries(parameters.variables)).toEqual({ A: "from hash", B: "%zz", C: "1+1", D: "", E: "a b" });
  expect(parameters.queue).toBe("");
});
