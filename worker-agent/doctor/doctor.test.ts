// `longshore agent doctor` and `install`, as a person uses them.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Engine } from "../docker/engine.ts";
import { folderFault } from "../docker/sharedFolder.ts";
import { longshore } from "../testCommand.ts";
import { docker } from "../testEngine.ts";
import { startProxy } from "../testProxy.ts";
import { type Stack, startStack } from "../testStack.ts";
import { checkApi, checkDisk, checkPermissions } from "./machineChecks.ts";

const run = promisify(execFile);
const GiB = 1024 ** 3;
const world = {
  now: Date.now,
  elapsed: () => performance.now(),
  random: Math.random,
  newId: () => crypto.randomUUID(),
};

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "longshore-doctor-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe("the doctor", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(async () => {
    await stack.close();
  });

  test("finds everything that an agent needs, is no agent itself, and leaves nothing", async () => {
    const socket = join(folder, "docker.sock");
    const engine = await startProxy({ path: "/var/run/docker.sock" }, socket);
    // It takes no agent's name: how it calls itself is in the names of what it makes.
    const names = new Set<string>();
    void engine.hold((request) => {
      const made = /^POST .*[?&]name=(longshore-[0-9a-f]{8})/.exec(request)?.[1];
      if (made !== undefined) names.add(made);
      return false;
    });
    const flags = ["--api", stack.api, "--data-dir", join(folder, "data"), "--keep-free", "1m"];
    const { output, exit } = longshore(["agent", "doctor", stack.queue, ...flags], { DOCKER_HOST: `unix://${socket}` });
    expect([await exit, output.err]).toEqual([0, ""]);
    await engine.close();
    for (const what of ["engine", "permissions", "paths", "fence", "gpus", "disk", "connection", "clock", "queue"])
      expect(output.out).toMatch(new RegExp(`^ok +${what} +[A-Z0-9/h]`, "m"));
    expect(output.out).not.toContain(stack.queue);
    expect(names.size).toBeGreaterThan(0);
    const left = [
      ...(await docker("ps", "-a", "--format", "{{.Names}}")),
      ...(await docker("network", "ls", "--format", "{{.Name}}")),
    ];
    expect(left.filter((name) => names.has(name.slice(0, "longshore-".length + 8)))).toEqual([]);
  });

  test("says what to do about each thing that is lacking, and exits with 1", async () => {
    const flags = [
      "--api",
      "http://127.0.0.1:1",
      "--data-dir",
      join(folder, "data"),
      "--gpus",
      "1",
      "--runtime",
      "none",
    ];
    const { output, exit } = longshore(["agent", "doctor", ...flags]);
    expect(await exit).toBe(1);
    expect(output.out).toMatch(/^FAILED +engine +It has no runtime none\.\n +It has .*runc.*--runtime/m);
    expect(output.out).toMatch(/^FAILED +connection +http:\/\/127\.0\.0\.1:1 can't be reached.*\n +Check --api/m);
  });

  test("an engine that does not answer", async () => {
    const { output, exit } = longshore(["agent", "doctor", "--data-dir", join(folder, "data"), "--api", stack.api], {
      DOCKER_HOST: "unix:///nowhere/docker.sock",
    });
    expect(await exit).toBe(1);
    expect(output.out).toMatch(/^FAILED +engine +No Docker engine answers.*\n +Start it/m);
  });
});

test("a clock that is off is said by how much", async () => {
  const server = createServer((_request, response) => {
    response.setHeader("date", new Date(Date.now() - 90_000).toUTCString());
    response.end("OK");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    const port = typeof address === "object" ? address?.port : 0;
    const [, clock] = await checkApi(`http://127.0.0.1:${port}`, world);
    expect(clock).toMatchObject({ verdict: "warning", said: expect.stringMatching(/^It is (89|90|91) s ahead of/) });
  } finally {
    server.close();
  }
});

test("a full disk and a folder that can't be written", async () => {
  expect(await checkDisk(folder, 1)).toMatchObject({ verdict: "ok" });
  expect(await checkDisk(folder, 1e6 * GiB)).toMatchObject({
    verdict: "failed",
    remedy: expect.stringMatching(/free some/),
  });
  await writeFile(join(folder, "file"), "");
  expect(await checkPermissions(join(folder, "file", "data"), world)).toMatchObject({ verdict: "failed" });
});

test("a folder that the engine has elsewhere is noticed", async () => {
  const plan = { engine: new Engine(), agent: "f".repeat(64), toolsImage: undefined, newId: () => crypto.randomUUID() };
  const signal = AbortSignal.timeout(60_000);
  expect(await folderFault({ ...plan, folder }, signal)).toBeUndefined();
  // By this name the engine's own process finds another folder, as it does for one in a container.
  expect(await folderFault({ ...plan, folder: `/proc/self/cwd` }, signal)).toMatch(/same path: -v/);
  expect(await docker("ps", "-aq", "--filter", `label=longshore.agent=${plan.agent}`)).toEqual([]);
});

describe("install", () => {
  test("writes a unit that systemd takes, and its settings where only the owner reads them", async () => {
    const to = join(folder, "unit");
    const args = ["agent", "install", "my-queue", "--to", to, "--tag", "a", "--tag", "b", "--max-job-duration", "2h"];
    const { output, exit } = longshore(args, { LONGSHORE_API: "https://a.example/", LONGSHORE_TRUST: "yes" });
    expect([await exit, output.err]).toEqual([0, ""]);
    expect(output.out).toContain(`Next:\n  systemctl enable --now ${to}/longshore-agent.service`);
    expect((await stat(join(to, "agent.env"))).mode & 0o777).toBe(0o600);
    expect((await readFile(join(to, "agent.env"), "utf8")).split("\n").slice(1, -1)).toEqual([
      "LONGSHORE_AGENT_DATA_DIR=/var/lib/longshore/agent",
      "LONGSHORE_API=https://a.example/",
      "LONGSHORE_MAX_JOB_DURATION=2h",
      "LONGSHORE_QUEUES=my-queue",
      "LONGSHORE_TAGS=a,b",
      "LONGSHORE_TRUST=true",
    ]);
    const unit = join(to, "longshore-agent.service");
    const text = await readFile(unit, "utf8");
    expect(text).toContain("TimeoutStopSec=7260\n");
    expect(text).not.toContain("my-queue");
    const verified = await run("systemd-analyze", ["verify", "--man=no", unit]).catch((error: unknown) => {
      // Where there is no systemd there is nobody to ask.
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return { stderr: "" };
      throw error;
    });
    expect(verified.stderr).not.toContain("longshore-agent.service");
  });

  test("--print writes nothing, and a setting that can't be used is a sentence", async () => {
    const printed = longshore(["agent", "install", "q", "--user", "--print"]);
    expect(await printed.exit).toBe(0);
    expect(printed.output.out).toMatch(/WantedBy=default\.target/);
    const refused = longshore(["agent", "install", "q", "--slots", "0", "--print"]);
    expect(await refused.exit).toBe(2);
    expect(refused.output.out).toBe("");
  });
});
