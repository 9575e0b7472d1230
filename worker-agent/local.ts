// The embedded way, `npm start`: control plane, page and an agent on the local Docker engine in one process. This is the one
// file outside edge/ that imports the edge.

import { createHash } from "node:crypto";
import { availableParallelism, hostname, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError, Option } from "commander";
import * as v from "valibot";
import { Permits } from "../edge/node/permits.ts";
import { type RunningServer, startServer } from "../edge/node/server.ts";
import { rangeFault } from "../wire/addresses.ts";
import { agentIdOf } from "../wire/agentId.ts";
import { agentVersion, type RunningAgent, startAgent } from "./agent.ts";
import { keptSecret } from "./dataDir.ts";
import { messageOf } from "./fault.ts";
import { firstJobLink, runCheckJob } from "./firstJob.ts";
import { defaultJobMs, hostMemoryShare } from "./limits.ts";
import { type LogSink, readableLine } from "./log.ts";
import { systemWorld } from "./world.ts";

const queue = "local";
const pageDir = fileURLToPath(new URL("../dist/web", import.meta.url));

const Flags = v.object({
  port: v.number(),
  host: v.string(),
  dataDir: v.string(),
  slots: v.number(),
  agent: v.boolean(),
  anyAgent: v.boolean(),
  allowOrigin: v.array(v.string()),
  allowRange: v.array(v.string()),
  publicOrigin: v.optional(v.string()),
  verbose: v.boolean(),
});
type Flags = v.InferOutput<typeof Flags>;

const program = new Command("npm start --")
  .description("Longshore on this machine: the queue, the page and an agent on the local Docker engine.")
  .version(agentVersion)
  .addOption(
    new Option("--port <n>", "where it answers; 0 takes any free port").env("PORT").default(8000).argParser(port),
  )
  .addOption(new Option("--host <address>", "what it listens on").env("HOST").default("127.0.0.1"))
  .addOption(
    new Option("--data-dir <path>", "where jobs, results and caches are kept")
      .env("LONGSHORE_DATA_DIR")
      .default(".data"),
  )
  .addOption(
    new Option("--slots <n>", "jobs at a time")
      .env("LONGSHORE_SLOTS")
      .default(Math.max(1, availableParallelism()))
      .argParser(wholeNumber),
  )
  .option("--no-agent", "only the queue and the page; jobs wait for an agent")
  .option("--any-agent", "let agents of others serve the queues here", false)
  .addOption(
    new Option("--allow-origin <origin...>", "pages of these origins may use this server, like https://example.org")
      .env("LONGSHORE_ALLOW_ORIGINS")
      .default([], "none")
      .argParser((value: string, before: readonly string[]) => [...before, ...value.split(",").map(originOf)]),
  )
  .addOption(
    new Option(
      "--allow-range <cidr...>",
      "addresses that webhooks and inputs may be at although they are not public, like 10.1.0.0/16",
    )
      .env("LONGSHORE_ALLOW_RANGES")
      .default([], "none")
      .argParser((value: string, before: readonly string[]) => [...before, ...value.split(",").map(rangeOf)]),
  )
  .addOption(
    new Option("--public-origin <url>", "how others reach this server")
      .env("LONGSHORE_PUBLIC_ORIGIN")
      .argParser(originOf),
  )
  .option("--verbose", "a line for each thing that the agent does", false)
  .action((flags: unknown) => run(v.parse(Flags, flags)));

async function run(flags: Flags): Promise<void> {
  const dataDir = resolve(flags.dataDir);
  const secret = await keptSecret(join(dataDir, "agent-secret"), systemWorld.newId);
  const permits = new Permits();
  const server = await startServer({
    dataDir,
    host: flags.host,
    port: flags.port,
    allowOrigins: flags.allowOrigin,
    allowRanges: flags.allowRange,
    pageDir,
    permits,
    ...(flags.publicOrigin === undefined ? {} : { publicOrigin: flags.publicOrigin }),
    settings: flags.anyAgent ? {} : { admits: [agentIdOf(secret)] },
    onError: (error, where) => console.error(`${where}: ${error instanceof Error ? error.stack : String(error)}`),
  });
  console.log(`Longshore answers at ${server.origin}`);
  console.log(`A first job:         ${firstJobLink(server.origin, permits.issue())}`);
  const log: LogSink = (event) => {
    if (flags.verbose || event.level !== undefined) console.log(readableLine(event));
  };
  const agent = flags.agent ? lend(flags, { server, dataDir, secret, log }) : Promise.resolve(undefined);
  stopOnSignals(server, agent);
  await agent;
}

interface Parts {
  readonly server: RunningServer;
  readonly dataDir: string;
  readonly secret: string;
  readonly log: LogSink;
}

/** Starts the agent and shows that a job runs. Without an engine the server goes on: jobs wait. */
async function lend(flags: Flags, { server, dataDir, secret, log }: Parts): Promise<RunningAgent | undefined> {
  // Nobody else knows this queue's name, so what runs there is listed nowhere; it is the same at each start.
  const checkQueue = `check-${createHash("sha256").update(`${secret} check`).digest("hex").slice(0, 32)}`;
  const api = `http://127.0.0.1:${server.port}`;
  try {
    const agent = await startAgent({
      queues: [queue, checkQueue],
      api,
      dataDir: join(dataDir, "agent"),
      name: hostname(),
      secret,
      trusted: true,
      allowRanges: flags.allowRange,
      capacity: {
        slots: flags.slots,
        cpus: availableParallelism(),
        memoryBytes: Math.floor(totalmem() * hostMemoryShare),
        gpus: [],
        tags: [],
        maxDurationMs: defaultJobMs,
      },
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

/** Ctrl-C stops the jobs, then the server; a second one ends at once. */
function stopOnSignals(server: RunningServer, agent: Promise<RunningAgent | undefined>): void {
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(130);
    stopping = true;
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

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError("This is no whole number above zero.");
  return Number(text);
}

function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("A port is a number from 0 to 65535.");
  return Number(text);
}

function originOf(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new URL(text).origin;
  throw new InvalidArgumentError("An origin looks like https://example.org.");
}

function rangeOf(text: string): string {
  const fault = rangeFault(text);
  if (fault !== undefined) throw new InvalidArgumentError(fault);
  return text;
}

program.parseAsync().catch((error: unknown) => {
  console.error(explained(error));
  process.exit(1);
});

function explained(error: unknown): string {
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
    return "The port is taken, perhaps by another Longshore. Choose another: PORT=8001 npm start";
  }
  return messageOf(error);
}
