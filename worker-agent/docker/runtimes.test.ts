// Other runtimes than the engine's own, where they are installed: jobs run with them, and behind the same fence.

import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AgentEvent } from "../log.ts";
import { places, port, startTestHost, type TestHost } from "../testHost.ts";
import { image, logText, type Stack, startStack } from "../testStack.ts";

const installed = ["crun", "runsc"].flatMap((name) => {
  const path = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();
  return path === "" ? [] : [{ name, path }];
});
/** A network stack of its own would know nothing of the routes that are the fence. */
const ownArgs: Readonly<Record<string, readonly string[]>> = { runsc: ["--network=host"] };

let host: TestHost;
let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
  const config = join(await stack.folder(), "daemon.json");
  const runtimes = installed.map(({ name, path }) => [name, { path, runtimeArgs: ownArgs[name] ?? [] }]);
  await writeFile(config, JSON.stringify({ runtimes: Object.fromEntries(runtimes) }));
  host = await startTestHost(image, [`--config-file=${config}`]);
});

afterAll(async () => {
  try {
    await stack.close();
    expect(await host.docker("ps", "-aq")).toBe("");
  } finally {
    await host.close();
  }
});

test("a runtime that the engine has not is refused with a sentence", async () => {
  await expect(stack.agent({ engine: host.engine, runtime: "nowhere" })).rejects.toThrow(
    /This Docker engine has no runtime "nowhere"; it has .*runc/,
  );
});

describe.each(installed)("jobs with $name", ({ name }) => {
  test("run, reach the internet, and nothing of the host", async () => {
    const queue = `${stack.queue}-${name}`;
    const events: AgentEvent[] = [];
    const log = (event: AgentEvent) => void events.push(event);
    const agent = await stack.agent({
      engine: host.engine,
      runtime: name,
      queues: [queue],
      dataDir: await stack.folder(),
      log,
    });
    const script = [
      reach(places.internet, 80),
      "nslookup any.example",
      ...[places.host, places.lan, places.metadata].map((address) =>
        reach(address, address === places.host ? port : 80),
      ),
      "true",
    ];
    const said = logText(await stack.run({ command: ["sh", "-c", script.join("; ")] }, queue));
    expect(said).toContain(`${places.internet} reached`);
    expect(said).toContain(`Address: ${places.internet}`);
    expect(said.match(/No route to host/g)).toHaveLength(3);
    expect(said.match(/reached/g)).toHaveLength(1);
    expect(events).toContainEqual(
      expect.objectContaining({ event: "network tested", message: "Jobs reach neither this machine nor its network." }),
    );
    await agent.stop({ drain: true });
  });
});

function reach(address: string, at: number): string {
  return `nc -w 2 ${address} ${at} </dev/null 2>&1 | sed 's/^/${address} /'`;
}
