// An agent whose disk is full, on a file system of a few mebibytes. Linux, as root.

import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { paths } from "../wire/http.ts";
import { own } from "../wire/ids.ts";
import type { RunningAgent } from "./agent.ts";
import { logText, type Stack, startStack } from "./testStack.ts";

const run = promisify(execFile);
const MiB = 1024 * 1024;

describe.runIf(process.platform === "linux" && process.getuid?.() === 0)("an agent whose disk is full", () => {
  let stack: Stack;
  let agent: RunningAgent;
  let disk = "";

  beforeAll(async () => {
    stack = await startStack();
    disk = await mkdtemp(join(tmpdir(), "longshore-disk-"));
    await run("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", disk]);
    const room = { cacheBytes: 1024 * MiB, keepFreeBytes: 0 };
    agent = await stack.agent({ dataDir: join(disk, "data"), room });
  });
  afterAll(async () => {
    await agent.stop({ drain: false });
    await stack.close();
    await run("umount", [disk]);
    await rmdir(disk);
  });

  test("says so of an input that does not fit, keeps nothing of it, and takes the next job", async () => {
    const bytes = randomBytes(32 * MiB);
    const key = own.sha256(createHash("sha256").update(bytes).digest("hex"));
    await stack.fetch(paths.blob(key), { method: "PUT", body: bytes });
    const job = await stack.finished(await stack.submit({ inputs: { large: { type: "key", value: key } } }));
    expect(job.finished?.result?.error).toBe('The agent\'s disk is full: the input "large" could not be written.');
    expect((await stack.run({ command: "echo fine > /outputs/fine" })).outputs.fine?.type).toBe("base64");
  });

  test("reports a job that filled it and one that ran beside no room at all, and goes on", async () => {
    const filled = await stack.run({
      command: "cat /dev/zero > /outputs/large; rm /outputs/large; echo x > /outputs/x",
    });
    expect(logText(filled)).toMatch(/No space left on device/);
    expect(Object.keys(filled.outputs)).toEqual(["x"]);
    // What is left takes no file of a byte.
    await run("sh", ["-c", `cat /dev/zero > ${disk}/stuffing 2>/dev/null || true`]);
    const job = await stack.finished(await stack.submit({ command: "true" }));
    // Whether it needed a file of its own or not: its end is told.
    if (job.finished?.reason !== "Success") expect(job.finished?.result?.error).toMatch(/disk is full/);
    await writeFile(join(disk, "stuffing"), "");
    expect((await stack.run({ command: "echo fine" })).StatusCode).toBe(0);
  });
});
