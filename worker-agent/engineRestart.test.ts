// The Docker engine is restarted under an agent: an engine of the test's own.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startTestHost, type TestHost } from "./testHost.ts";
import { image, type Stack, startStack, status, until } from "./testStack.ts";

let host: TestHost;
let stack: Stack;

beforeAll(async () => {
  host = await startTestHost(image);
});

beforeEach(async () => {
  stack = await startStack();
});

afterEach(async () => {
  await host.startEngine();
  await stack.close();
});

afterAll(async () => {
  await host.close();
});

/** The first time it waits, and ends when it is told to; the second time it is done at once. */
const command =
  'if [ -e /job-cache/again ]; then echo done; else touch /job-cache/again; trap "exit 143" TERM; sleep 30 & wait; fi';

function told(event: string) {
  return until(
    `the log says ${event}`,
    () => stack.events.map((line) => line.event),
    (events) => events.includes(event),
  );
}

describe("an engine that is restarted", () => {
  test("is waited for, its jobs run again, and nothing of the first attempts stays", async () => {
    const agent = await stack.agent({ dataDir: await stack.folder(), engine: host.engine });
    await until("it is connected", agent.connected, Boolean);
    const id = await stack.submit({ command });
    await until(
      "its container runs",
      () => host.docker("ps", "-q", "--filter", `label=longshore.job=${id}`),
      (names) => names !== "",
    );
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
    await host.startEngine();
    await told("engine back");
    expect((await stack.finished(meanwhile)).finished?.result?.logs.map(([text]) => text)).toEqual(["later"]);
    const { finished } = await stack.finished(id);
    expect(finished).toMatchObject({ reason: "Success", result: { StatusCode: 0 } });
    expect(finished?.result?.logs.at(-1)?.[0]).toBe("done");
    expect(stack.events.filter(({ event }) => event === "job given back")).toHaveLength(1);
    await until(
      "nothing of a job is left",
      () => host.docker("ps", "-aq", "--filter", "label=longshore.job"),
      (names) => names === "",
    );
    await agent.stop({ drain: true });
    expect(await host.docker("ps", "-aq")).toBe("");
    expect(await host.docker("network", "ls", "-q", "--filter", "label=longshore.agent")).toBe("");
  });
});
