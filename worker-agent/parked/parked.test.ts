// Jobs in containers that were started ahead: they get and give exactly what they would have in containers of their own, and
// nothing of one job or queue comes near another. Each definition runs twice, first in a container of its own.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobResult } from "../../wire/result.ts";
import type { RunningAgent } from "../agent.ts";
import { docker, leftOf } from "../testEngine.ts";
import { logText, type Stack, startStack, until } from "../testStack.ts";

let stack: Stack;
let agent: RunningAgent;
const images: string[] = [];
const took = "job took a parked container";
let seenParked = 0;
const capacity = { slots: 4, cpus: 2, memoryBytes: 512 * 1024 ** 2, gpus: [], tags: [], maxDurationMs: 60_000 };

beforeAll(async () => {
  stack = await startStack();
  agent = await stack.agent({ capacity });
});

afterAll(async () => {
  await stack.close();
  for (const image of images) await docker("rmi", image);
  expect(await leftOf(agent.id)).toEqual([]);
});

const sh = (script: string) => ({ command: ["sh", "-c", script] });
const whoAmI = "id; pwd; env | sort; touch /outputs/x && ls -ln /outputs | sed 's/ [A-Z][a-z][a-z] .*//'";
const odd = 'ENV ONE="1 1" LD_PRELOAD=/nothing.so ENV=/nothing.sh IFS=x PS4=y';
const shellish = {
  IFS: "x",
  PWD: "/p",
  OLDPWD: "o",
  SHLVL: "7",
  _: "u",
  RANDOM: "5",
  PPID: "3",
  OPTIND: "2",
  PS1: "p",
  d: "D",
};
const rights = `grep -E 'Cap|NoNew|Seccomp|Groups|SigIgn|SigBlk' /proc/self/status; ulimit -a; umask; df -k /dev/shm | tail -1
  cat /proc/self/oom_score_adj; ls -la / /inputs /outputs; cat /inputs/*; cat /proc/self/cmdline | tr '\\0' ' '; echo $0
  sed 's/^[0-9]* [0-9]* [^ ]* [^ ]* //; s/[a-z]*dir=[^, ]*//g' /proc/self/mountinfo | sort`;

type Case = readonly [what: string, definition: object, changes?: readonly string[]];

describe("a job in a parked container is like one in a container of its own:", () => {
  const cases: readonly Case[] = [
    ["the image's command", {}, ['CMD ["sh", "-c", "echo own; id; pwd"]']],
    ["the image's entrypoint with its command", {}, ['ENTRYPOINT ["echo", "head"]', 'CMD ["tail of", "it"]']],
    ["the image's entrypoint with a command", { command: "a 'b c'" }, ['ENTRYPOINT ["echo", "head"]', 'CMD ["x"]']],
    ["an entrypoint without the image's command", { entrypoint: ["echo", "mine"] }, ['CMD ["not", "this"]']],
    ["a command of many words", { command: ["echo", "", "a b", "'", '"', "$HOME", "\\n", "*", "\u00fc\nline", "-n"] }],
    [
      "a program with a relative path, and a long command",
      { command: ["./echo", "x".repeat(30_000)], workdir: "/bin" },
    ],
    ["a folder to work in that is not there yet", { ...sh("pwd; ls -ld ."), workdir: "/made/for/it" }],
    ["the image's user, folder and variables", sh(whoAmI), ["USER 1234:5678", "WORKDIR /some/where", odd]],
    ["a user with a name and a home", sh(`${whoAmI}; echo ~`), ["USER nobody"]],
    ["variables", { command: ["env"], env: { A: "it's\ntwo", B: "$A `id`", C: "", LANG: "xx", Z: 1, Y: false } }],
    ["variables that a shell knows", { command: ["env"], env: shellish }],
    ["a home and a path", { command: ["env"], env: { HOME: "/x", PATH: "/nowhere:/bin:relative" } }],
    [
      "rights, limits and root",
      { ...sh(rights), requirements: { memory: "64m", cpus: 0.5 }, inputs: { a: { value: "A" } } },
    ],
    ["open files", { command: ["ls", "-l", "/proc/self/fd"] }],
    [
      "an exit code, input and outputs",
      sh("echo err >&2; cat; mkdir /outputs/d; echo x >/outputs/d/x; printf end; exit 7"),
    ],
    ["exit code 127", sh("nonsense")],
    ["a process that is killed", sh("sh -c 'kill -9 $$'; echo $?; kill -TERM $$; echo still here")],
    ["more memory than it may", { ...sh("exec tail /dev/zero"), requirements: { memory: "16m" } }],
    ["a time limit", { ...sh("trap 'echo ending; exit 3' TERM; while :; do sleep 0.1; done"), maxDuration: "0.5s" }],
  ];

  test.each(cases.map(([what, definition, changes], number) => ({ what, definition, changes, number })))(
    "$what",
    async ({ definition, changes, number }) => {
      // The size makes its containers fit no other case.
      const image = changes ? { image: await imageWith(changes) } : {};
      const whole = { shmSize: `${8 + number}m`, ...definition, ...image };
      const first = await stack.run(whole);
      const container = await newlyParked();
      const second = await stack.run(whole);
      expect(taken()).toBe(container);
      expect(shown(second)).toEqual(shown(first));
      await newlyParked();
    },
  );

  test("or has one of its own, if it has variables that a shell can't have", async () => {
    const definition = { command: ["env"], env: { "a.b": "1", "c-d": "2" }, shmSize: "99m" };
    const [first, second] = [await stack.run(definition), await stack.run(definition)];
    expect(logText(first)).toContain("a.b=1");
    expect(shown(second)).toEqual(shown(first));
  });
});

test("a program that was there before and is not there any more is missing with the same words", async () => {
  await stack.run(sh("printf '#!/bin/sh\\necho $1' >/job-cache/tool; chmod 755 /job-cache/tool"));
  await newlyParked();
  const definition = { command: ["/job-cache/tool", "hello"], shmSize: "100m" };
  expect(logText(await stack.run(definition))).toBe("hello");
  const container = await newlyParked();
  const [cache] = await docker("inspect", "--format", sourceOf("/job-cache"), container);
  await rm(join(String(cache), "tool"));
  const gone = await stack.finished(await stack.submit(definition));
  expect(taken()).toBe(container);
  expect(gone.finished?.reason).toBe("Error");
  expect(gone.finished?.result?.error).toMatch(/no program "\/job-cache\/tool"/);
  expect(gone.finished?.result?.logs).toHaveLength(1);
  await newlyParked();
});

test("a parked container knows nothing of a job, and nothing of the image runs in it", async () => {
  const check = "HEALTHCHECK --interval=1s CMD echo x > /tmp/checked";
  const image = await imageWith([check, "ENV SECRET=of-the-image"]);
  await stack.run({ image, command: "true", env: { MINE: "mine" }, inputs: { a: { value: "A" } } });
  const container = await newlyParked();
  const [env, processes, files] = await Promise.all([
    docker("inspect", "--format", "{{json .Config.Env}} {{json .State.Health}}", container),
    docker("top", container, "-eo", "pid,args"),
    docker("exec", container, "/bin/ls", "-A", "/inputs", "/outputs", "/tmp"),
  ]);
  expect(env.join()).not.toMatch(/mine|of-the-image|JOB_|Status/);
  expect(processes).toHaveLength(2);
  expect(processes[1]).toMatch(/\/inputs\/\.longshore\/busybox sh \/inputs\/\.longshore\/job$/);
  expect(files.join(" ")).toBe("/inputs: /outputs: /tmp:");
});

test("a parked container serves no other queue and no other limits, and is gone when the agent stops", async () => {
  const other = `other-${crypto.randomUUID()}`;
  await agent.stop({ drain: true });
  const both = await stack.agent({ capacity, queues: [stack.queue, other], dataDir: await stack.folder() });
  await stack.run({ command: "true" });
  const container = await newlyParked();
  const count = stack.events.filter(({ event }) => event === took).length;
  await stack.run({ command: "true" }, other);
  await stack.run({ command: "true", requirements: { memory: "128m" } });
  await stack.run({ command: "true", workdir: "/usr" });
  expect(stack.events.filter(({ event }) => event === took)).toHaveLength(count);
  await stack.run({ command: "true" });
  expect(taken()).toBe(container);
  await both.stop({ drain: true });
  expect(await leftOf(both.id)).toEqual([]);
});

/** What a job gave, without what differs between any two. */
function shown({ StatusCode, isTimedOut, error, logs, outputs }: JobResult) {
  const hashes = Object.entries(outputs).map(([name, ref]) => [name, ref.hash ?? ref.value]);
  const lines = logs.map(([text, , isStdErr]) => `${isStdErr ? "! " : ""}${text}`);
  const same = lines
    .join("\n")
    .replace(/^([dl-][rwxt-]{9}) +\d+ /gm, "$1 ")
    .replace(/ master:\d+/g, "")
    .replace(/pipe:\[\d+\]/g, "<pipe>")
    .replace(/[0-9a-f]{64}/g, "<id>")
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<nonce>")
    .replace(/(Nov|Dec|Jan) +\d+ \d\d:\d\d/g, "<time>")
    .replace(/longshore-agent-\w+\/\S*/g, "<folder>");
  return { StatusCode, isTimedOut, error, hashes, lines: same.split("\n").sort() };
}

/** The next container that the agent says to have parked. */
async function newlyParked(): Promise<string> {
  const parked = await until(
    "a container is parked",
    () => stack.events.filter(({ event }) => event === "container parked"),
    (events) => events.length > seenParked,
  );
  seenParked = parked.length;
  return String(parked.at(-1)?.container);
}

/** The parked container that a job took last. */
function taken(): unknown {
  return stack.events.findLast(({ event }) => event === took)?.container;
}

function sourceOf(mount: string): string {
  return `{{range .Mounts}}{{if eq .Destination "${mount}"}}{{.Source}}{{end}}{{end}}`;
}

async function imageWith(changes: readonly string[]): Promise<string> {
  const name = `longshore-parked-test/${crypto.randomUUID()}`;
  const [made] = await docker("create", "longshore/shell");
  await docker("commit", ...changes.flatMap((change) => ["--change", change]), String(made), name);
  await docker("rm", String(made));
  images.push(name);
  return name;
}
