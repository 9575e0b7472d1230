import { afterEach, expect, test } from "vitest";
import { docker } from "../testEngine.ts";
import { image, until } from "../testStack.ts";
import { Engine } from "./engine.ts";
import { stopContainer } from "./stopContainer.ts";

const engine = new Engine();
const made: string[] = [];

afterEach(async () => {
  for (const id of made.splice(0)) await engine.remove(id);
});

async function started(...command: string[]): Promise<string> {
  const [id] = await docker("run", "-d", image, ...command);
  if (id === undefined) throw new Error("Docker gave no id.");
  made.push(id);
  return id;
}

async function stoppedIn(id: string, graceMs: number): Promise<number> {
  const from = Date.now();
  await stopContainer(engine, id, graceMs);
  return Date.now() - from;
}

test("a process that handles TERM gets the time to end by itself", async () => {
  const id = await started("sh", "-c", "trap 'echo bye; exit 3' TERM; echo ready; while true; do sleep 0.1; done");
  await until(
    "it handles TERM",
    () => docker("logs", id),
    (lines) => lines.includes("ready"),
  );
  expect(await stoppedIn(id, 10_000)).toBeLessThan(9_000);
  expect((await engine.inspect(id))?.State.ExitCode).toBe(3);
  expect(await docker("logs", id)).toContain("bye");
});

test("a process that would never see TERM is killed at once", async () => {
  const id = await started("sleep", "100");
  expect(await stoppedIn(id, 20_000)).toBeLessThan(10_000);
  expect((await engine.inspect(id))?.State.ExitCode).toBe(137);
});

test("a process that ignores TERM is killed after its time", async () => {
  const id = await started("sh", "-c", "trap 'echo no' TERM; echo ready; while true; do sleep 0.1; done");
  await until(
    "it handles TERM",
    () => docker("logs", id),
    (lines) => lines.includes("ready"),
  );
  expect(await stoppedIn(id, 1_000)).toBeGreaterThanOrEqual(1_000);
  expect((await engine.inspect(id))?.State.ExitCode).toBe(137);
});

test("a container that has ended, or is gone, is stopped already", async () => {
  const id = await started("true");
  await engine.wait(id, 10_000);
  await stopContainer(engine, id, 1_000);
  await engine.remove(id);
  await stopContainer(engine, id, 1_000);
});

test("a container that several remove at once is gone for each of them", async () => {
  const id = await started("sleep", "100");
  await Promise.all([1, 2, 3, 4].map(() => engine.remove(id)));
  expect(await engine.inspect(id)).toBeUndefined();
});
