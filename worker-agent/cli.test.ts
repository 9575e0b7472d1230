// The command as a person uses it, in a process of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Stack, startStack, until } from "./testStack.ts";

const cli = new URL("./cli.ts", import.meta.url).pathname;

function longshore(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [cli, ...args], { env: { ...process.env, LONGSHORE_QUEUES: "", ...env } });
  const output = { out: "", err: "" };
  child.stdout.on("data", (chunk) => {
    output.out += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    output.err += String(chunk);
  });
  const exit = once(child, "close").then(([code]) => Number(code));
  return { child, output, exit };
}

describe("input that can't be used gets one sentence", () => {
  test.each<readonly [readonly string[], RegExp]>([
    [["agent"], /Which queue\?/],
    [["agent", "q", "--slots", "0"], /--slots <n>.*whole number/],
    [["agent", "q", "--memory", "lots"], /--memory <size>.*512m or 4g/],
    [["agent", "q", "--max-job-duration", "soon"], /5m or 1h30m/],
    [["agent", "q", "--api", "nonsense"], /--api <url>.*URL like/],
    [["agent", "q", "--allow-range", "10.0.0.1"], /no address range/],
    [["agent", "undefined"], /can't be a queue/],
    [["agent", "q", "--nonsense"], /unknown option '--nonsense'/],
    [["nonsense"], /unknown command 'nonsense'/],
  ])("%j", async (args, says) => {
    const { output, exit } = longshore(args);
    expect(await exit).toBe(1);
    expect(output.err).toMatch(says);
    expect(output.err.trim().split("\n")).toHaveLength(1);
  });

  test("an engine that does not answer", async () => {
    const { output, exit } = longshore(["agent", "q"], { DOCKER_HOST: "tcp://127.0.0.1:1" });
    expect(await exit).toBe(1);
    expect(output.err).toMatch(/^longshore: No Docker engine answers .*$/m);
  });
});

test("--help names every setting and its variable", async () => {
  const { output, exit } = longshore(["agent", "--help"]);
  expect(await exit).toBe(0);
  for (const name of [
    "--api",
    "--slots",
    "--memory",
    "--gpus",
    "--max-job-duration",
    "--data-dir",
    "--name",
    "--tag",
    "--allow-image",
    "--allow-range",
    "--key",
    "LONGSHORE_API",
    "LONGSHORE_QUEUES",
  ]) {
    expect(output.out).toContain(name);
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
    const args = [
      "agent",
      "--api",
      stack.api,
      "--data-dir",
      await stack.folder(),
      "--slots",
      "3",
      "--tag",
      "a",
      "--trust",
    ];
    const { child, output, exit } = longshore(args, { LONGSHORE_QUEUES: stack.queue, LONGSHORE_SLOTS: "1" });
    const result = await stack.run({ command: "echo hello" });
    expect(result.StatusCode).toBe(0);
    await until(
      "the finish was answered",
      () => output.out,
      (out) => out.includes('"finish answered"'),
    );
    child.kill("SIGTERM");
    expect(await exit).toBe(0);
    expect(output.err).toBe("");
    expect(output.out + output.err).not.toContain(stack.queue);
    const events = output.out
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(events).toEqual(expect.arrayContaining([expect.objectContaining({ event: "agent started", slots: 3 })]));
    expect(events.at(-1)).toMatchObject({ event: "agent stopped" });
  });
});
