// Jobs in parked containers that are cancelled, outlive their agent, or follow one another.

import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { agentIdOf } from "../../wire/agentId.ts";
import type { AgentId } from "../../wire/ids.ts";
import { keptSecret } from "../dataDir.ts";
import { containersOf, docker, leftOf } from "../testEngine.ts";
import { kill, logText, type Stack, startStack, until } from "../testStack.ts";
import { systemWorld } from "../world.ts";

let stack: Stack;

beforeEach(async () => {
  stack = await startStack();
});

afterEach(async () => {
  await stack.close();
});

const sh = (script: string) => ({ command: ["sh", "-c", script] });

test("cancelling one stops it at once, and the next one has a container waiting", async () => {
  const agent = await stack.agent();
  await stack.run(sh("true"));
  const waiting = await parked(agent.id);
  const id = await stack.submit(sh("echo begun; sleep 100"));
  await until(
    "it runs in the container that waited",
    () => docker("ps", "-q", "--filter", `id=${waiting}`, "--filter", `name=-${id.slice(0, 16)}-`),
    (ids) => ids.length === 1,
  );
  await stack.cancel(id);
  await until(
    "it is gone",
    () => docker("ps", "-aq", "--filter", `id=${waiting}`),
    (ids) => ids.length === 0,
  );
  expect((await stack.job(id))?.finishedReason ?? (await stack.job(id))?.finished?.reason).toBe("Cancelled");
  const next = await parked(agent.id);
  expect(logText(await stack.run(sh("echo next")))).toBe("next");
  expect(stack.events.findLast(({ event }) => event === "job took a parked container")?.container).toContain(next);
});

test("one that runs when its agent is killed is adopted, and ends once with all its log and outputs", async () => {
  const dataDir = await stack.folder();
  const id = agentIdOf(await keptSecret(join(dataDir, "secret"), systemWorld.newId));
  const child = stack.agentProcess(dataDir);
  await stack.run(sh("true"));
  await parked(id);
  const script = "echo first; until [ -e /job-cache/go ]; do sleep 0.1; done; echo x >/outputs/x; echo last; exit 3";
  const job = await stack.submit({ ...sh(script), maxDuration: "50s" });
  await stack.running(job);
  const [before] = await containersOf(job);
  await kill(child);
  const agent = await stack.agent({ dataDir });
  expect(await containersOf(job)).toEqual([before]);
  await stack.run({ command: "touch /job-cache/go" });
  const result = (await stack.finished(job)).finished?.result;
  expect(result).toMatchObject({ StatusCode: 3, isTimedOut: false });
  expect(result?.logs.map(([text]) => text)).toEqual(["first", "last"]);
  expect(Object.keys(result?.outputs ?? {})).toEqual(["x"]);
  await agent.stop({ drain: true });
  expect(await leftOf(id)).toEqual([]);
});

/** The id of the container that waits. */
async function parked(agent: AgentId): Promise<string> {
  const label = ["--filter", `label=longshore.agent=${agent}`, "--filter", "label=longshore.own=parked"];
  const [id] = await until(
    "a container is parked",
    () => docker("ps", "-q", "--filter", "name=-parked-", ...label),
    (ids) => ids.length === 1,
  );
  return String(id);
}
