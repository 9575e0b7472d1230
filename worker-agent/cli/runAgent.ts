// An agent in a process of its own: started, told to stop by signals, and ended.

import { type RunningAgent, startAgent } from "../agent.ts";
import { messageOf } from "../fault.ts";
import { showHealth } from "../health/showHealth.ts";
import { exitMs } from "../limits.ts";
import { agentLog, type LogSink } from "../log.ts";
import { systemWorld } from "../world.ts";
import type { AgentSettings } from "./agentSettings.ts";
import { exitCodes } from "./fault.ts";

export async function runAgent(settings: AgentSettings): Promise<void> {
  const { logFormat, debug, health: healthAt } = settings;
  for (const remark of settings.remarks) console.error(`longshore: ${remark}`);
  const terminal = process.stdout.isTTY === true;
  const log = agentLog({ format: logFormat, debug, terminal, now: systemWorld.now }, (line) => console.log(line));
  if (settings.mode === "local") {
    // The control plane is loaded only where it is needed: an agent alone stays small.
    const { runLocal } = await import("../local.ts");
    const { port, dataDir, agent } = settings;
    return await runLocal({ port, host: "127.0.0.1", dataDir, agent, health: healthAt, log });
  }
  const agent = await startAgent({ ...settings.agent, log, world: systemWorld });
  stopOnSignals(agent);
  const health = healthAt && (await showHealth(healthAt, agent, log));
  const ending = await agent.ended;
  // Sessions end by a stop, or because another process runs as this agent: then this one finishes what it has.
  await agent.stop({ drain: true });
  health?.close();
  if (ending === "replaced") process.exitCode = exitCodes.replaced;
  endSoon(log);
}

/** All is closed. What a library still holds open must not keep a process that is done, and is named. */
function endSoon(log: LogSink): void {
  const end = () => {
    log({ event: "agent left work open", level: "warn", message: process.getActiveResourcesInfo().join(", ") });
    process.exit();
  };
  setTimeout(end, exitMs).unref();
}

/** The first signal drains, a second one cancels. */
function stopOnSignals(agent: RunningAgent): void {
  let signals = 0;
  const stop = () => {
    signals += 1;
    agent.stop({ drain: signals === 1 }).catch((error: unknown) => {
      console.error(`longshore: ${messageOf(error)}`);
      process.exitCode = exitCodes.failed;
    });
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
