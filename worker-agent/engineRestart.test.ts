// The Docker engine ends under an agent and comes back: an engine of the test's own, and one agent for all of it.

import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobId } from "../wire/ids.ts";
import type { RunningAgent } from "./agent.ts";
import { startTestHost, type TestHost } from "./testHost.ts";
import { image, type Stack, startStack, status, until } from "./testStack.ts";

let host: TestHost;
let stack: Stack;
let agent: RunningAgent;
let dataDir: string;

beforeAll(async () => {
  [host, stack] = await Promise.all([startTestHost(image), startStack()]);
  dataDir = await stack.folder();
  agent = await stack.agent({ dataDir, engine: host.engine });
  await until("it is connected", agent.connected, Boolean);
});

afterAll(async () => {
  await host.startEngine();
  await stack.close();
  await host.close();
});

/** The first time it waits, and ends when it is told to; the second time it is done at once. */
const command =
  'if [ -e /job-cache/$JOB_ID ]; then echo done; else touch /job-cache/$JOB_ID; trap "exit 143" TERM; sleep 30 & wait; fi';

const events = () => stack.events.map(({ event }) => event);

function told(event: string) {
  return until(`the log says ${event}`, events, (all) => all.includes(event));
}

async function running(id: JobId): Promise<string> {
  const container = await until(
    "its container runs",
    // By name: one that was parked has no label of its job.
    () => host.docker("ps", "-q", "--filter", `name=-${id.slice(0, 16)}-`),
    (names) => names !== "",
  );
  return container.trim();
}

/** It was run again, and nothing of its first attempt stays. */
async function expectSecondRun(id: JobId): Promise<void> {
  const { finished } = await stack.finished(id);
  expect(finished).toMatchObject({ reason: "Success", result: { StatusCode: 0 } });
  expect(finished?.result?.logs.at(-1)?.[0]).toBe("done");
  expect(stack.events.filter(({ event, job }) => event === "job given back" && job === id)).toHaveLength(1);
  await until(
    "nothing of a job is left",
    () => host.docker("ps", "-aq", "--filter", `name=-${id.slice(0, 16)}-`, "--filter", "label=longshore.job"),
    (names) => names === "",
  );
}

describe("an engine", () => {
  test("that is restarted is waited for, its jobs run again, and what could not be removed meanwhile goes", async () => {
    const id = await stack.submit({ command });
    await running(id);
    const stray = (await host.docker("create", image)).trim();
    await host.stopEngine();
    await told("engine away");
    expect(agent.status()).toMatchObject({
      state: "waiting",
      note: "Its Docker engine does not answer.",
      engine: false,
    });
    const meanwhile = await stack.submit({ command: "echo later" });
    const { jobs } = await until(
      "the queue knows",
      () => status(stack),
      ({ localWorkers }) => Object.values(localWorkers)[0]?.note !== undefined,
    );
    expect(jobs[meanwhile]?.state).toBe("Queued");
    // Nobody knows whether the first one was made; and then nobody waits for the second one's removal.
    await expect(host.engine.create("half-made", { Image: image })).rejects.toThrow("did not answer");
    await host.engine.remove(stray);
    await host.startEngine();
    await told("engine back");
    expect((await stack.finished(meanwhile)).finished?.result?.logs.map(([text]) => text)).toEqual(["later"]);
    await expectSecondRun(id);
    await told("leftovers removed");
    expect(await host.docker("ps", "-aq", "--filter", `id=${stray}`)).toBe("");
  });

  test("that is killed with -9 in the middle of its answers is waited for in the same way", async () => {
    const id = await stack.submit({ command });
    await running(id);
    await host.killEngine();
    await host.startEngine();
    await expectSecondRun(id);
  });

  test("whose containers outlive it finds the job going on, and its log without a line lost or repeated", async () => {
    const id = await stack.submit({
      command: "echo one; until [ -e /job-cache/go ]; do sleep 0.1; done; echo two; exit 7",
    });
    await running(id);
    const before = stack.events.length;
    // What it uses is told only of what has been started, as the agent knows.
    await until(
      "its use is told",
      () => stack.events.slice(before).map(({ type }) => type),
      (types) => types.includes("resources"),
    );
    await host.killEngine();
    await host.startEngine(["--live-restore"]);
    const [cache = ""] = await readdir(join(dataDir, "job-cache"));
    await writeFile(join(dataDir, "job-cache", cache, "go"), "");
    const { finished } = await stack.finished(id);
    expect(finished?.result?.StatusCode).toBe(7);
    // A machine under much load can make the engine itself take the container for ended: then the job runs again.
    const isAgain = stack.events.some(({ event, job }) => event === "job given back" && job === id);
    const printed = finished?.result?.logs.map(([text]) => text);
    if (isAgain) expect(printed?.filter((text) => !text.startsWith("\u2014"))).toEqual(["one", "two"]);
    else
      expect(printed).toEqual([
        "one",
        "\u2014 the Docker engine went away; waiting for it \u2014",
        "\u2014 the Docker engine is back; what it had not kept of the log is missing \u2014",
        "two",
      ]);
    await agent.stop({ drain: true });
    expect(await host.docker("ps", "-aq")).toBe("");
    expect(await host.docker("network", "ls", "-q", "--filter", "label=longshore.agent")).toBe("");
  });
});
