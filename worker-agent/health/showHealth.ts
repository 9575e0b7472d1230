// The health page of a running agent, where its operator wants it.

import type { RunningAgent } from "../lifetime.ts";
import type { LogSink } from "../log.ts";
import { systemWorld } from "../world.ts";
import type { HealthServer } from "./healthServer.ts";

export interface HealthAddress {
  readonly port: number;
  readonly host: string;
}

/** @throws an Error with a sentence when it can't listen there; the agent is stopped then. */
export async function showHealth(at: HealthAddress, agent: RunningAgent, log: LogSink): Promise<HealthServer> {
  try {
    // Few want it, and it brings Node's HTTP server along.
    const { serveHealth } = await import("./healthServer.ts");
    const server = await serveHealth({ ...at, status: agent.status, now: systemWorld.now });
    log({ event: "health page", host: at.host, port: server.port });
    return server;
  } catch (error) {
    await agent.stop({ drain: false });
    throw error;
  }
}
