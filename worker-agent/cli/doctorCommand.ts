// `longshore agent doctor`: looks at all that an agent with these settings needs, and says what to do about what is lacking.

import type { Command } from "commander";
import { queueNameOfKey } from "../../wire/keyedQueue.ts";
import type { AgentOptions } from "../agent.ts";
import { Engine } from "../docker/engine.ts";
import { type Finding, findingText } from "../doctor/check.ts";
import { checkEngine, checkFence, checkFolder, checkGpus } from "../doctor/engineChecks.ts";
import { checkApi, checkDisk, checkPermissions, checkQueue } from "../doctor/machineChecks.ts";
import { Upstream } from "../files/upstream.ts";
import { keepFreeBytes } from "../limits.ts";
import { systemWorld } from "../world.ts";
import { exitCodes } from "./fault.ts";

export type DoctorOptions = Omit<AgentOptions, "log" | "world">;

/** `remote` makes the agent's own command, which reads the settings. */
export function doctorCommand(remote: (run: (options: DoctorOptions) => Promise<void>) => Command): Command {
  return remote(examine)
    .name("doctor")
    .summary("look at this machine and say what an agent lacks")
    .description(
      "Checks the engine, permissions, paths, the fence, GPUs, the disk, the clock and the connection, for an agent with these " +
        "settings, and says what to do about each that is not well. Without a queue it checks the machine.\n\n" +
        "Exit codes: 0 all is well, or may be better; 1 something an agent needs is lacking; 2 a setting can't be used.",
    );
}

async function examine(options: DoctorOptions): Promise<void> {
  let failures = 0;
  for await (const finding of findings(options)) {
    if (finding.verdict === "failed") failures += 1;
    console.log(findingText(finding));
  }
  if (failures > 0) process.exitCode = exitCodes.failed;
}

async function* findings(options: DoctorOptions): AsyncGenerator<Finding> {
  const { dataDir, api, proxy, queues, capacity, toolsImage, runtime, room, keys = [] } = options;
  const world = systemWorld;
  const plan = { engine: new Engine(), dataDir, gpus: capacity.gpus, toolsImage, runtime, world };
  const permissions = await checkPermissions(dataDir, world);
  const engine = await checkEngine(plan);
  yield engine;
  yield permissions;
  // The others need it.
  if (engine.verdict !== "failed") {
    if (permissions.verdict !== "failed") yield await checkFolder(plan);
    yield await checkFence(plan);
    yield await checkGpus(plan);
  }
  if (permissions.verdict !== "failed") yield await checkDisk(dataDir, room?.keepFreeBytes ?? keepFreeBytes);
  const upstream = proxy && new Upstream(proxy);
  const answers = await checkApi(api, world, upstream);
  yield* answers;
  if (answers.some(({ verdict }) => verdict === "failed")) return;
  for (const queue of queues.length > 0 ? queues : keys.map(queueNameOfKey))
    yield await checkQueue(api, queue, upstream);
}
