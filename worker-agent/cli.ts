// The `longshore` command. The only place that reads the command line, the environment and signals of an agent that runs alone.

import { availableParallelism, homedir, hostname, totalmem } from "node:os";
import { join } from "node:path";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import * as v from "valibot";
import { rangeFault } from "../wire/addresses.ts";
import { QueueName } from "../wire/ids.ts";
import { durationMs, sizeBytes } from "../wire/units.ts";
import { agentVersion, type RunningAgent, startAgent } from "./agent.ts";
import { messageOf } from "./fault.ts";
import { hostMemoryShare } from "./limits.ts";
import { jsonLines } from "./log.ts";
import { systemWorld } from "./world.ts";

const AgentFlags = v.object({
  api: v.string(),
  slots: v.number(),
  cpus: v.number(),
  memory: v.number(),
  gpus: v.array(v.string()),
  maxJobDuration: v.number(),
  dataDir: v.string(),
  name: v.string(),
  tag: v.array(v.string()),
  allowImage: v.array(v.string()),
  allowRange: v.array(v.string()),
  trust: v.boolean(),
  key: v.optional(v.string()),
});

const program = new Command("longshore")
  .description("Any Docker image, run from a URL.")
  .version(agentVersion)
  .exitOverride()
  .configureOutput({ outputError: () => {} });

program
  .command("agent")
  .summary("lend this machine's Docker engine to one or more queues")
  .description(
    "Lends this machine's Docker engine to one or more queues.\n\n" +
      "A queue's name is the credential to use it, so it is better given as LONGSHORE_QUEUES (separated by commas) than on a " +
      "command line that others on this machine can see.",
  )
  .argument("[queue...]", "names of queues (env: LONGSHORE_QUEUES)")
  .addOption(
    option("--api <url>", "where the control plane answers", "API")
      .default("http://localhost:8000")
      .argParser(apiOrigin),
  )
  .addOption(
    option("--slots <n>", "jobs at a time", "SLOTS")
      .default(Math.max(1, availableParallelism() >> 1))
      .argParser(wholeNumber),
  )
  .addOption(option("--cpus <n>", "CPUs to lend", "CPUS").default(availableParallelism()).argParser(positiveNumber))
  .addOption(
    option("--memory <size>", "memory to lend, like 4g", "MEMORY")
      .default(Math.floor(totalmem() * hostMemoryShare), `${Math.floor((totalmem() * hostMemoryShare) / 1024 ** 3)}g`)
      .argParser(size),
  )
  .addOption(
    option("--gpus <n>", "NVIDIA GPUs to lend: a number, or ids like 0,2", "GPUS")
      .default([], "none")
      .argParser(devices),
  )
  .addOption(
    option("--max-job-duration <time>", "the longest a job may run", "MAX_JOB_DURATION")
      .default(5 * 60_000, "5m")
      .argParser(duration),
  )
  .addOption(
    option("--data-dir <path>", "where caches and unsent results are kept", "AGENT_DATA_DIR").default(
      join(homedir(), ".longshore", "agent"),
    ),
  )
  .addOption(option("--name <name>", "what people see", "NAME").default(hostname()))
  .addOption(option("--tag <tag...>", "what jobs may ask for", "TAGS").default([], "none").argParser(list))
  .addOption(
    option("--allow-image <name...>", "private images that jobs may use; name* allows a beginning", "ALLOW_IMAGES")
      .default([], "none")
      .argParser(list),
  )
  .addOption(
    option("--allow-range <cidr...>", "private addresses that inputs may come from", "ALLOW_RANGES")
      .default([], "none")
      .argParser(ranges),
  )
  .addOption(
    new Option(
      "--trust",
      "the queues are my own: jobs may use every image of this machine (env: LONGSHORE_TRUST=true)",
    ).default(saysTrue("TRUST")),
  )
  .addOption(option("--key <key>", "the key of queues that admit only agents with it", "KEY"))
  .action(runAgent);

async function runAgent(queues: readonly string[], raw: unknown): Promise<void> {
  const { slots, cpus, memory, gpus, tag, maxJobDuration, api, dataDir, name, allowImage, allowRange, trust, key } =
    v.parse(AgentFlags, raw);
  const agent = await startAgent({
    queues: queueNames(queues),
    api,
    dataDir,
    name,
    capacity: { slots, cpus, memoryBytes: memory, gpus, tags: tag, maxDurationMs: maxJobDuration },
    trusted: trust,
    allowImages: allowImage,
    allowRanges: allowRange,
    ...(key === undefined ? {} : { key }),
    log: jsonLines((line) => console.log(line), systemWorld.now),
    world: systemWorld,
  });
  stopOnSignals(agent);
  await agent.ended;
  // Sessions end by a stop, or because another process runs as this agent: then this one finishes what it has.
  await agent.stop({ drain: true });
}

/** The first signal drains, a second one cancels. */
function stopOnSignals(agent: RunningAgent): void {
  let signals = 0;
  const stop = () => {
    signals += 1;
    agent.stop({ drain: signals === 1 }).catch((error: unknown) => fail(messageOf(error)));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

function queueNames(given: readonly string[]): readonly string[] {
  const names = given.length > 0 ? given : list(process.env.LONGSHORE_QUEUES ?? "");
  if (names.length === 0) throw new Error("Which queue? Name at least one: longshore agent <queue> --api <url>.");
  return [...new Set(names)].map((name) => {
    const parsed = v.safeParse(QueueName, name);
    if (parsed.success) return parsed.output;
    throw new Error(`${JSON.stringify(name)} can't be a queue: ${parsed.issues[0].message}`);
  });
}

function option(flags: string, description: string, env: string): Option {
  return new Option(flags, description).env(`LONGSHORE_${env}`);
}

/** A flag without a value; commander itself would take `=false` for a yes. */
function saysTrue(env: string): boolean {
  return ["1", "true", "yes"].includes((process.env[`LONGSHORE_${env}`] ?? "").toLowerCase());
}

function apiOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new InvalidArgumentError("It is a URL like https://longshore.example.org.");
  }
  return url.origin;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError("It is a whole number from 1 to 9999.");
  return Number(text);
}

function positiveNumber(text: string): number {
  const number = Number(text);
  if (!(number > 0 && Number.isFinite(number))) throw new InvalidArgumentError("It is a number above 0.");
  return number;
}

function size(text: string): number {
  const bytes = sizeBytes(text);
  if (bytes === undefined) throw new InvalidArgumentError("A size looks like 512m or 4g.");
  return bytes;
}

function duration(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new InvalidArgumentError("A duration looks like 90s, 5m or 1h30m.");
  return ms;
}

/** `2` is the devices 0 and 1; `0,2` or `device=0,2` are these two. */
function devices(text: string): readonly string[] {
  if (/^\d{1,3}$/.test(text)) return Array.from({ length: Number(text) }, (_, index) => String(index));
  const ids = text.replace(/^device=/, "").split(",");
  if (ids.some((id) => !/^[A-Za-z0-9-]+$/.test(id)))
    throw new InvalidArgumentError("It is a number of GPUs, or their ids like 0,2.");
  return [...new Set(ids)];
}

/** Values of a repeated flag, or of a variable in which commas separate them. */
function list(text: string, previous: unknown = []): readonly string[] {
  const before = v.parse(v.array(v.string()), previous);
  return [...before, ...text.split(",").map((part) => part.trim())].filter((part) => part !== "");
}

function ranges(text: string, previous: unknown): readonly string[] {
  const all = list(text, previous);
  for (const range of all) {
    const fault = rangeFault(range);
    if (fault) throw new InvalidArgumentError(fault);
  }
  return all;
}

function fail(sentence: string): void {
  console.error(`longshore: ${sentence}`);
  process.exitCode = 1;
}

try {
  await program.parseAsync();
} catch (error) {
  // Help and version come this way too, with nothing to say.
  if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = 0;
  else
    fail(
      messageOf(error)
        .replace(/^error: /, "")
        .replaceAll("\n", " "),
    );
}
