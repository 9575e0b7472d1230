// An agent in a process of its own: started, told to stop by signals, and ended.

import { type RunningAgent, startAgent } from "../agent.ts";
import { messageOf } from "../fault.ts";
import { serveHealth } from "../health/healthServer.ts";
import { exitMs } from "../limits.ts";
import { agentLog, type LogSink } from "../log.ts";
import { systemWorld } from "../world.ts";
import type { AgentSettings } from "./agentSettings.ts";
import { exitCodes } from "./fault.ts";

export async function runAgent(settings: AgentSettings): Promise<void> {
  const { logFormat, debug } = settings;
  const terminal = process.stdout.isTTY === true;
  const log = agentLog({ format: logFormat, debug, terminal, now: systemWorld.now }, (line) => console.log(line));
  if (settings.mode === "local") {
    // The control plane is loaded only where it is needed: an agent alone stays small.
    const { runLocal } = await import("../local.ts");
    const { port, dataDir, agent } = settings;
    return await runLocal({ port, host: "127.0.0.1", dataDir, agent, log });
  }
  const agent = await startAgent({ ...settings.agent, log, world: systemWorld });
  stopOnSignals(agent);
  const health = await healthOf(settings, agent, log).catch(async (error: unknown) => {
    await agent.stop({ drain: false });
    throw error;
  });
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

async function healthOf({ health }: AgentSettings, { status }: RunningAgent, log: LogSink) {
  if (health === undefined) return undefined;
  const server = await serveHealth({ ...health, status, now: systemWorld.now });
  log({ event: "health page", host: health.host, port: server.port });
  return server;
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
