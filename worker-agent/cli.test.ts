// The command as a person uses it, in a process of its own.

import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { longshore } from "./testCommand.ts";
import { leftOf } from "./testEngine.ts";
import { type Stack, startStack, until } from "./testStack.ts";

const NewQueue = v.object({ queue: v.string(), key: v.optional(v.string()), page: v.string() });

describe("input that can't be used gets one sentence", () => {
  test.each<readonly [readonly string[], RegExp]>([
    [["agent"], /Which queue\?/],
    [["agent", "q", "--nonsense"], /unknown option '--nonsense'/],
    [["queue", "new", "--api", "nonsense"], /URL like/],
    [["nonsense"], /unknown command 'nonsense'/],
  ])("%j", async (args, says) => {
    const { output, exit } = longshore(args);
    expect(await exit).toBe(2);
    expect(output.err).toMatch(says);
    expect(output.err.trim().split("\n")).toHaveLength(1);
    expect(output.out).toBe("");
  });

  test("a variable with such a value, too", async () => {
    const { output, exit } = longshore(["agent", "q"], { LONGSHORE_TRUST: "maybe" });
    expect(await exit).toBe(2);
    expect(output.err).toMatch(/LONGSHORE_TRUST is "maybe"/);
  });

  test("an engine that does not answer has failed", async () => {
    const { output, exit } = longshore(["agent", "q"], { DOCKER_HOST: "tcp://127.0.0.1:1" });
    expect(await exit).toBe(1);
    expect(output.err).toMatch(/^longshore: No Docker engine answers .*$/m);
  });
});

test("help and version are asked for in the usual ways", async () => {
  for (const args of [[], ["agent", "--help"], ["--version"]]) {
    const { output, exit } = longshore(args);
    expect(await exit).toBe(0);
    expect(output.err).toBe("");
    expect(output.out).toMatch(args.includes("--version") ? /^\d+\.\d+\.\d+$/m : /^Usage: longshore/);
  }
});

test("whoever reads may go before the end", async () => {
  const { child, output, exit } = longshore(["agent", "--help"]);
  child.stdout.destroy();
  expect(await exit).toBe(0);
  expect(output.err).toBe("");
});

test("a new queue's name is its key's hash, and the key can go into a file that only its owner reads", async () => {
  const shown = longshore(["queue", "new", "--json"]);
  expect(await shown.exit).toBe(0);
  const { queue, key, page } = v.parse(NewQueue, JSON.parse(shown.output.out));
  expect(queue).toBe(`k-${createHash("sha256").update(String(key)).digest("hex")}`);
  expect(page).toBe(`http://localhost:8000/#?queue=${queue}`);

  const folder = await mkdtemp(join(tmpdir(), "longshore-cli-"));
  try {
    const path = join(folder, "key");
    const kept = longshore(["queue", "new", "--key-file", path]);
    expect(await kept.exit).toBe(0);
    const inFile = (await readFile(path, "utf8")).trim();
    expect(kept.output.out).toContain(createHash("sha256").update(inFile).digest("hex"));
    expect(kept.output.out).not.toContain(inFile);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const again = longshore(["queue", "new", "--key-file", path]);
    expect(await again.exit).toBe(2);
    expect(again.output.err).toMatch(/is there already/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe("an agent that runs alone", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(async () => {
    await stack.close();
  });

  test("runs jobs, logs each change without the queue's name, and ends well on a signal", async () => {
    const dataDir = await stack.folder();
    const args = ["agent", "--api", stack.api, "--data-dir", dataDir, "--slots", "3", "--tag", "a", "--trust"];
    const { child, output, exit } = longshore(args, { LONGSHORE_QUEUES: stack.queue, LONGSHORE_SLOTS: "1" });
    const result = await stack.run({ command: "echo hello" });
    expect(result.StatusCode).toBe(0);
    await until(
      "the finish was answered",
      () => output.out,
      (out) => out.includes('"finish answered"'),
    );
    const id = await stack.submit({ command: "sleep 100" });
    await stack.running(id);
    const shown = await until(
      "its status is shown with the job",
      () => statusOf(dataDir),
      ({ out }) => out.includes(id.slice(0, 12)),
    );
    expect(shown).toMatchObject({ exit: 0, err: "" });
    expect(shown.out).toMatch(
      /^Longshore agent .*\n\nstate +serving\nhealth +well\nslots +1 of 3 used\nqueues +[0-9a-f]{8} connected\n/,
    );
    expect(shown.out).toContain(`folder   ${dataDir}, process ${child.pid}`);
    expect(shown.out).not.toContain(stack.queue);
    await stack.cancel(id);
    child.kill("SIGTERM");
    expect(await exit).toBe(0);
    expect(output.err).toBe("");
    expect(await statusOf(dataDir)).toEqual({ exit: 1, err: "", out: `No agent runs with ${dataDir}.\n` });
    expect(output.out + output.err).not.toContain(stack.queue);
    const events = output.out
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(events).toEqual(expect.arrayContaining([expect.objectContaining({ event: "agent started", slots: 3 })]));
    expect(events.at(-1)).toMatchObject({ event: "agent stopped" });
  });
});

async function statusOf(dataDir: string) {
  const { output, exit } = longshore(["agent", "status", "--data-dir", dataDir]);
  return { exit: await exit, ...output };
}

test("--mode=local is queue, page and agent in one process", async () => {
  const folder = await mkdtemp(join(tmpdir(), "longshore-cli-"));
  try {
    const places = ["--port=0", "--health-port=0", "--data-directory", folder];
    const { child, output, exit } = longshore(["agent", "--mode=local", ...places, "--log-format=json"]);
    await until(
      "a job ran",
      () => output,
      ({ out }) => /Checked: a job ran/.test(out),
    );
    const origin = /http:\/\/localhost:\d+/.exec(output.out)?.[0];
    expect((await fetch(`${origin}/q/local/status`)).status).toBe(200);
    const health = /"event":"health page".*"port":(\d+)/.exec(output.out)?.[1];
    expect(await (await fetch(`http://127.0.0.1:${health}/healthz`)).text()).toBe("OK\n");
    const shown = await until(
      "it has said that it serves",
      () => statusOf(folder),
      ({ out }) => out.includes("connected, "),
    );
    expect(shown.out).toContain(`folder   ${join(folder, "agent")}`);
    const agent = /"event":"agent started","agent":"([0-9a-f]{64})"/.exec(output.out)?.[1] ?? "";
    expect(await leftOf(agent)).not.toEqual([]);
    child.kill("SIGINT");
    await until(
      "it stops",
      () => output.out,
      (out) => out.includes("agent stopping"),
    );
    // In a hurry: the first one's work is cut short, and its containers go all the same.
    child.kill("SIGINT");
    expect(await exit).toBe(130);
    expect(await leftOf(agent)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
