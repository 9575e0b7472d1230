// What an adopted container has printed is read again from what its engine has kept of it.

import { afterEach, expect, test } from "vitest";
import { docker } from "../testEngine.ts";
import { image, until } from "../testStack.ts";
import { systemWorld } from "../world.ts";
import { Engine } from "./engine.ts";
import type { Seen } from "./keptLog.ts";
import { runContainer } from "./runContainer.ts";

const containers: string[] = [];

afterEach(async () => {
  await docker("rm", "-f", ...containers.splice(0));
});

/** One that prints 1 to 100, then on its TERM as many numbers more, where the engine keeps some kilobytes. */
async function printing(more: number): Promise<{ readonly id: string; readonly seen: Seen }> {
  const program = `trap "seq 101 $((100 + ${more})); exit" TERM; seq 1 100; sleep 60 & wait`;
  const limits = ["--log-driver", "local", "--log-opt", "max-size=20k", "--log-opt", "max-file=2"];
  const [id = ""] = await docker("run", "-d", ...limits, image, "sh", "-c", program);
  containers.push(id);
  const lines = await until(
    "it has printed",
    () => docker("logs", "-t", id),
    (all) => all.length === 100,
  );
  const [from = 0, to = 0] = [lines[0], lines[99]].map((line = "") => Date.parse(line.split(" ")[0] ?? ""));
  return { id, seen: { from, to } };
}

async function adopted(id: string, seen: Seen | undefined) {
  const said: string[] = [];
  let printed = "";
  await runContainer(
    {
      engine: new Engine(),
      id,
      begin: { kind: "exited", seen },
      limitMs: 60_000,
      printed: (_stream, chunk) => {
        printed += chunk.toString();
      },
      note: (text) => said.push(text),
      gap: () => said.push("gap"),
      world: systemWorld,
    },
    AbortSignal.timeout(30_000),
  );
  return { said, lines: printed.trim().split("\n").map(Number) };
}

test("a log that is kept whole is read from its beginning", async () => {
  const { id, seen } = await printing(10);
  await docker("stop", id);
  expect(await adopted(id, seen)).toEqual({ said: [], lines: Array.from({ length: 110 }, (_, index) => index + 1) });
});

test("of a log whose beginning is gone nothing is repeated, and what is lost is said", async () => {
  const { id, seen } = await printing(20_000);
  await docker("stop", id);
  // It was read long before the engine threw it away.
  const { said, lines } = await adopted(id, { from: seen.from - 10_000, to: seen.to });
  expect(said).toEqual(["gap"]);
  expect(lines[0]).toBeGreaterThan(101);
  expect(lines).toEqual(Array.from(lines, (_, index) => (lines[0] ?? 0) + index));
  expect(lines.at(-1)).toBe(20_100);
});
