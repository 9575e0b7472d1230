// An agent that is not root, beside an engine that is: what containers write as other users comes back and goes away.

import { type ChildProcess, spawn } from "node:child_process";
import { chown, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentIdOf } from "../wire/agentId.ts";
import { leftOf } from "./testEngine.ts";
import { kill, logText, type Stack, startStack, until } from "./testStack.ts";

const uid = 41_972;
const isRoot = process.getuid?.() === 0;
const host = (process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock").replace(/^unix:\/\//, "");

let stack: Stack;
let dataDir = "";
let agent: ChildProcess | undefined;

async function startedAgent(): Promise<ChildProcess> {
  const cli = new URL("./cli.ts", import.meta.url).pathname;
  // The engine's socket is its group's.
  const { gid } = await stat(host);
  return spawn(process.execPath, [cli, "agent", "--api", stack.api, "--data-dir", dataDir, "--trust"], {
    env: { ...process.env, HOME: dataDir, LONGSHORE_QUEUES: stack.queue },
    uid,
    gid,
    stdio: "ignore",
  });
}

beforeAll(async () => {
  stack = await startStack();
  dataDir = await mkdtemp(join(tmpdir(), "longshore-user-"));
  await chown(dataDir, uid, uid);
});

afterAll(async () => {
  if (agent) await kill(agent);
  await stack.close();
  await rm(dataDir, { recursive: true, force: true });
});

const folders = () => readdir(join(dataDir, "jobs"));

test.runIf(isRoot)("files that only root may read come back, and nothing of the job stays", async () => {
  agent = await startedAgent();
  const result = await stack.run({
    command:
      "mkdir -p /outputs/own/deep && cd /outputs/own && echo secret > deep/file && chmod 0 deep/file deep && chmod 700 . && chown 5:5 /outputs && chmod 700 /outputs",
  });
  expect(Object.keys(result.outputs), logText(result)).toEqual(["own/deep/file"]);
  expect(Buffer.from(String(result.outputs["own/deep/file"]?.value), "base64").toString()).toBe("secret\n");
  await until("the job's folder is gone", folders, ({ length }) => length === 0);
});

test.runIf(isRoot)("what a killed agent could not remove goes when it starts again", async () => {
  agent ??= await startedAgent();
  const id = await stack.submit({ command: "mkdir -m 700 /outputs/own && echo x > /outputs/own/file; sleep 60" });
  await stack.running(id);
  await kill(agent);
  await stack.cancel(id);
  agent = await startedAgent();
  await until("the job's folder is gone", folders, ({ length }) => length === 0);
  agent.kill("SIGTERM");
  await until(
    "the agent has ended",
    () => agent?.exitCode ?? agent?.signalCode,
    (end) => end !== null && end !== undefined,
  );
  const secret = await readFile(join(dataDir, "secret"), "utf8");
  expect(await leftOf(agentIdOf(secret.trim()))).toEqual([]);
});
