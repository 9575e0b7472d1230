// For the tests of this folder: the command as a person uses it, in a process of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";

const cli = new URL("./cli.ts", import.meta.url).pathname;

export function longshore(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
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
