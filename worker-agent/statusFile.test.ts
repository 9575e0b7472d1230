import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { own } from "../wire/ids.ts";
import { agentFolder, isInUse, openDataDir } from "./dataDir.ts";
import type { AgentEvent } from "./log.ts";
import type { AgentStatus } from "./status.ts";
import { readStatus, StatusFile } from "./statusFile.ts";
import { longshore } from "./testCommand.ts";
import { until } from "./testStack.ts";
import { systemWorld } from "./world.ts";

const status: AgentStatus = {
  agent: own.agentId("a".repeat(64)),
  name: "n",
  version: "1.2.3",
  startedAt: 1000,
  state: "serving",
  engine: true,
  capacity: { slots: 2, cpus: 1, memoryBytes: 1, gpus: [], tags: [], maxDurationMs: 1 },
  slotsUsed: 1,
  held: [
    { queue: own.queueHash("1".repeat(64)), job: own.jobId("2".repeat(64)), attempt: own.attempt("3.1"), since: 1000 },
  ],
  queues: [{ queue: undefined, connected: false }],
  unsent: 0,
  counts: [],
};

test("the file follows the log, goes at the end, and tells of an end without a word", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "longshore-status-"));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const data = await openDataDir(join(dataDir, "agent"), {}, systemWorld.newId);
  expect(agentFolder(dataDir)).toBe(data.path);
  expect(isInUse(data.path)).toBe(true);
  const lines: AgentEvent[] = [];
  let now = status;
  const file = new StatusFile(data.path, systemWorld);
  const log = file.following((event) => lines.push(event));
  file.begin(() => now);
  const seen = () => readStatus(data.path);
  await until("the file is there", seen, (found) => found?.status.state === "serving");
  now = { ...status, state: "stopping" };
  log({ event: "agent stopping" });
  await until("it has followed", seen, (found) => found?.status.state === "stopping");
  data.unlock();
  expect(isInUse(data.path)).toBe(false);
  const { output, exit } = longshore(["agent", "status", "--data-dir", dataDir]);
  expect(await exit).toBe(1);
  expect(output.out).toMatch(
    /No agent runs with .*ended without a word, \d+ s ago or later, with a job: the next start/,
  );
  await file.close();
  expect(await seen()).toBeUndefined();
  expect(lines).toEqual([{ event: "agent stopping" }]);
});
