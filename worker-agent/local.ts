// The embedded way: control plane, page and an agent on the local Docker engine in one process. This is the one file outside
// edge/ that imports the edge.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Permits } from "../edge/node/permits.ts";
import type { TrustedProxies } from "../edge/node/proxies.ts";
import { type RunningServer, startServer } from "../edge/node/server.ts";
import { agentIdOf } from "../wire/agentId.ts";
import { type AgentOptions, type RunningAgent, startAgent } from "./agent.ts";
import { keptSecret } from "./dataDir.ts";
import { forgetAgent } from "./docker/deadAgents.ts";
import { Engine } from "./docker/engine.ts";
import { codeOf, messageOf } from "./fault.ts";
import { firstJobLink, runCheckJob } from "./firstJob.ts";
import { type HealthAddress, showHealth } from "./health/showHealth.ts";
import { lastRemovalMs } from "./limits.ts";
import type { LogSink } from "./log.ts";
import { within } from "./retry.ts";
import { systemWorld } from "./world.ts";

const queue = "local";
const pageDir = fileURLToPath(new URL("../dist/web", import.meta.url));

export interface LocalOptions {
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  /** What this machine lends; undefined is a server alone. */
  readonly agent: LocalAgent | undefined;
  /** Agents of others may serve the queues, too. */
  readonly anyAgent?: boolean;
  readonly allowOrigins?: readonly string[];
  /** Private addresses that webhooks and inputs may be at. */
  readonly allowRanges?: readonly string[];
  readonly publicOrigin?: string | undefined;
  /** Proxies of one's own before this server. */
  readonly proxies?: TrustedProxies | undefined;
  /** Where the agent's health page answers, if it was asked for. */
  readonly health?: HealthAddress | undefined;
  readonly log: LogSink;
}
export type LocalAgent = Omit<AgentOptions, "queues" | "api" | "dataDir" | "secret" | "trusted" | "log" | "world">;

/** Resolves when it answers and, with an agent, that has started. It ends with the process. */
export async function runLocal(options: LocalOptions): Promise<void> {
  const dataDir = resolve(options.dataDir);
  const secret = await keptSecret(join(dataDir, "agent-secret"), systemWorld.newId);
  const permits = new Permits();
  const server = await startServer({
    dataDir,
    host: options.host,
    port: options.port,
    allowOrigins: options.allowOrigins ?? [],
    allowRanges: options.allowRanges ?? [],
    pageDir,
    permits,
    ...(options.publicOrigin === undefined ? {} : { publicOrigin: options.publicOrigin }),
    ...(options.proxies === undefined ? {} : { proxies: options.proxies }),
    settings: options.anyAgent ? {} : { admits: [agentIdOf(secret)] },
    onError: (error, where) => console.error(`${where}: ${error instanceof Error ? error.stack : String(error)}`),
  }).catch((error: unknown) => {
    if (codeOf(error) !== "EADDRINUSE") throw error;
    throw new Error(`The port ${options.port} is taken, perhaps by another Longshore. Choose another with --port.`);
  });
  console.log(`Longshore answers at ${server.origin}`);
  if (options.publicOrigin !== undefined) console.log(`On this machine:     http://localhost:${server.port}`);
  if (existsSync(join(pageDir, "index.html"))) {
    console.log(`A first job:         ${firstJobLink(server.origin, permits.issue())}`);
  } else {
    console.error("The page is not built yet: `npm start` in the checkout builds it. Everything else answers.");
  }
  const agent = options.agent
    ? lend(options.agent, { server, dataDir, secret, log: options.log })
    : Promise.resolve(undefined);
  stopOnSignals(server, agent, { secret, log: options.log });
  const running = await agent;
  if (running && options.health)
    await showHealth(options.health, running, options.log).catch(async (error: unknown) => {
      await server.stop();
      throw error;
    });
}

interface Parts {
  readonly server: RunningServer;
  readonly dataDir: string;
  readonly secret: string;
  readonly log: LogSink;
}

/** Starts the agent and shows that a job runs. Without an engine the server goes on: jobs wait. */
async function lend(lending: LocalAgent, { server, dataDir, secret, log }: Parts): Promise<RunningAgent | undefined> {
  // Nobody else knows this queue's name, so what runs there is listed nowhere; it is the same at each start.
  const checkQueue = `check-${createHash("sha256").update(`${secret} check`).digest("hex").slice(0, 32)}`;
  const api = `http://127.0.0.1:${server.port}`;
  try {
    const agent = await startAgent({
      ...lending,
      queues: [queue, checkQueue],
      api,
      dataDir: join(dataDir, "agent"),
      secret,
      trusted: true,
      log,
      world: systemWorld,
    });
    runCheckJob(api, checkQueue).then(
      (ms) => console.log(`Checked: a job ran in a container on this machine in ${(ms / 1000).toFixed(2)} s.`),
      (error: unknown) => console.error(`Check: a first job did not run. ${messageOf(error)}`),
    );
    return agent;
  } catch (error) {
    console.error(`No jobs run here: ${messageOf(error)}`);
    return undefined;
  }
}

/** Ctrl-C stops the jobs, then the server; a second one waits only for what is on the engine to go, a third for nothing. */
function stopOnSignals(server: RunningServer, agent: Promise<RunningAgent | undefined>, mine: Mine): void {
  let signals = 0;
  const stop = () => {
    signals += 1;
    if (signals === 2) void removeAll(mine).finally(() => process.exit(130));
    if (signals > 2) process.exit(130);
    if (signals > 1) return;
    console.log("Stopping; the data stays.");
    agent
      .then((running) => running?.stop({ drain: false }))
      .then(() => server.stop())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(messageOf(error));
          process.exit(1);
        },
      );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}

interface Mine {
  readonly secret: string;
  readonly log: LogSink;
}

/** What the agent is about to make, or is removing itself, may be left: its next start removes that. */
async function removeAll({ secret, log }: Mine): Promise<void> {
  try {
    await forgetAgent(agentIdOf(secret), { engine: new Engine(), world: systemWorld, log }, within(lastRemovalMs));
  } catch (error) {
    log({ event: "agent left containers", level: "warn", message: messageOf(error) });
  }
}
