// Agents that were killed: what they left is removed by the next agent on the machine if nobody can take it up any more.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentIdOf } from "../../wire/agentId.ts";
import { keptSecret } from "../dataDir.ts";
import { docker, leftOf } from "../testEngine.ts";
import { kill, type Stack, startStack, until } from "../testStack.ts";
import { systemWorld } from "../world.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});

afterAll(async () => {
  await stack.close();
});

test("an agent whose folder was thrown away leaves nothing; one that can come back, and one that lives, keep theirs", async () => {
  const [thrownAway, kept] = await Promise.all([killedAgent(), killedAgent()]);
  const living = await stack.agent({ dataDir: await stack.folder() });
  const [its] = await networksOf(living.id);
  await rm(thrownAway.dataDir, { recursive: true });
  const next = await stack.agent({ dataDir: await stack.folder() });
  expect(await leftOf(thrownAway.id)).toEqual([]);
  expect((await leftOf(kept.id)).length).toBeGreaterThan(1);
  expect(await networksOf(living.id)).toEqual([its]);
  expect(await stack.run({ command: "true" })).toMatchObject({ StatusCode: 0 });
  await next.stop({ drain: true });
  await living.stop({ drain: true });
  // It comes back, and what was its is its again.
  const back = await stack.agent({ dataDir: kept.dataDir });
  expect(back.id).toBe(kept.id);
  await back.stop({ drain: true });
  expect(await leftOf(kept.id)).toEqual([]);
});

/** Killed once it had a network with something in it. */
async function killedAgent() {
  const dataDir = await stack.folder();
  const id = agentIdOf(await keptSecret(join(dataDir, "secret"), systemWorld.newId));
  const child = stack.agentProcess(dataDir);
  await until(
    "its network has holders",
    () => leftOf(id),
    (left) => left.length > 2,
  );
  await kill(child);
  return { dataDir, id };
}

function networksOf(agent: string): Promise<readonly string[]> {
  return docker("network", "ls", "-q", "--filter", `label=longshore.agent=${agent}`);
}
