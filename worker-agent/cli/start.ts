// The command line of `npm start`: Longshore on this machine.

import { availableParallelism, hostname } from "node:os";
import { Command } from "commander";
import * as v from "valibot";
import { agentVersion } from "../agent.ts";
import { messageOf } from "../fault.ts";
import { runLocal } from "../local.ts";
import { type LogSink, readableLine } from "../log.ts";
import { addLending, Lending, lendingOptions } from "./lending.ts";
import { outliveReaders } from "./readers.ts";
import { forgetEmptyVariables, setting } from "./setting.ts";
import { origin, origins, port, proxies } from "./values.ts";

const Flags = v.object({
  ...Lending.entries,
  port: v.number(),
  host: v.string(),
  dataDir: v.string(),
  agent: v.boolean(),
  anyAgent: v.optional(v.boolean(), false),
  allowOrigin: v.array(v.string()),
  publicOrigin: v.optional(v.string()),
  trustProxy: v.optional(v.union([v.object({ hops: v.number() }), v.object({ ranges: v.array(v.string()) })])),
  proxyHeader: v.picklist(["x-forwarded-for", "forwarded"]),
  verbose: v.optional(v.boolean(), false),
});
type Flags = Readonly<v.InferOutput<typeof Flags>>;

const server = "The server:";

function program(): Command {
  const command = new Command("npm start --")
    .description("Longshore on this machine: the queue, the page and an agent on the local Docker engine.")
    .version(agentVersion)
    .addOption(
      setting("--port <n>", "where it answers; 0 takes any free port", {
        env: "PORT",
        alsoEnv: ["PORT"],
        parse: port,
        default: 8000,
        group: server,
      }),
    )
    .addOption(
      setting("--host <address>", "what it listens on", {
        env: "HOST",
        alsoEnv: ["HOST"],
        default: "127.0.0.1",
        group: server,
      }),
    )
    .addOption(
      setting("--data-dir <path>", "where jobs, results and caches are kept", {
        env: "DATA_DIR",
        default: ".data",
        group: server,
      }),
    )
    .addOption(
      setting("--allow-origin <origins>", "pages of these origins may use this server, like https://example.org", {
        env: "ALLOW_ORIGINS",
        parse: origins,
        default: [],
        shown: "none",
        group: server,
      }),
    )
    .addOption(
      setting("--public-origin <url>", "how others reach this server", {
        env: "PUBLIC_ORIGIN",
        parse: origin,
        group: server,
      }),
    )
    .addOption(
      setting("--trust-proxy <n>", "proxies of your own before this server: how many, or their addresses", {
        env: "TRUST_PROXY",
        parse: proxies,
        shown: "none",
        group: server,
      }),
    )
    .addOption(
      setting("--proxy-header <name>", "where they write whom a request comes from", {
        env: "PROXY_HEADER",
        choices: ["x-forwarded-for", "forwarded"],
        default: "x-forwarded-for",
        group: server,
      }),
    );
  addLending(command, "as many as the machine's CPUs")
    .optionsGroup("How it runs:")
    .option("--no-agent", "only the queue and the page; jobs wait for an agent")
    .option("--any-agent", "let agents of others serve the queues here")
    .option("--verbose", "a line for each thing that the agent does")
    .action((raw: unknown) => start(v.parse(Flags, raw)));
  return command;
}

async function start(flags: Flags): Promise<void> {
  const { slots, allowRange } = flags;
  // A machine of one's own may be busy.
  const lending = lendingOptions({ ...flags, slots: slots ?? Math.max(1, availableParallelism()) });
  const log: LogSink = (event) => {
    if (flags.verbose || (event.level !== undefined && event.level !== "debug")) console.log(readableLine(event));
  };
  await runLocal({
    port: flags.port,
    host: flags.host,
    dataDir: flags.dataDir,
    agent: flags.agent ? { ...lending, name: hostname() } : undefined,
    anyAgent: flags.anyAgent,
    allowOrigins: flags.allowOrigin,
    allowRanges: allowRange,
    publicOrigin: flags.publicOrigin,
    proxies: flags.trustProxy && { trusted: flags.trustProxy, header: flags.proxyHeader },
    log,
  });
}

outliveReaders();
forgetEmptyVariables();
program()
  .parseAsync()
  .catch((error: unknown) => {
    console.error(messageOf(error));
    process.exit(1);
  });
