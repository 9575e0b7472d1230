// The settings of an agent: flags and variables, and what they say.

import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { type Command, Option } from "commander";
import * as v from "valibot";
import { QueueName } from "../../wire/ids.ts";
import { keyHashOf, queueNameOfKey } from "../../wire/keyedQueue.ts";
import type { AgentOptions } from "../agent.ts";
import { messageOf } from "../fault.ts";
import { logFormats } from "../log.ts";
import type { ContainingOptions } from "./containing.ts";
import { UsageError } from "./fault.ts";
import { addLending, addTrust, connects, homeFolder, Lending, lendingOptions } from "./lending.ts";
import { firstOf, onOff, setting, sourceOf } from "./setting.ts";
import { uselessSettings } from "./uselessSettings.ts";
import { duration, list, origin, port, wholeNumber } from "./values.ts";

const Flags = v.object({
  ...Lending.entries,
  mode: v.picklist(["remote", "local"]),
  api: v.string(),
  port: v.number(),
  dataDir: v.optional(v.string()),
  name: v.string(),
  newIdentity: v.optional(v.boolean(), false),
  key: v.array(v.string()),
  keyFile: v.optional(v.string()),
  trust: v.optional(v.boolean(), false),
  once: v.optional(v.boolean(), false),
  maxJobs: v.optional(v.number()),
  idleExit: v.optional(v.number()),
  healthPort: v.optional(v.number()),
  healthHost: v.string(),
  logFormat: v.picklist(logFormats),
  debug: v.optional(v.boolean(), false),
});
type Flags = Readonly<v.InferOutput<typeof Flags>>;

const serves = "How long it serves:";
const itself = "The agent itself:";

/** An agent alone, or queue, page and agent in one process. */
export type AgentSettings = {
  readonly logFormat: (typeof logFormats)[number];
  readonly debug: boolean;
  /** Where the health page answers, if it was asked for. */
  readonly health: { readonly port: number; readonly host: string } | undefined;
  /** What was said and has no effect. */
  readonly remarks: readonly string[];
} & (
  | { readonly mode: "remote"; readonly agent: RemoteAgent }
  | { readonly mode: "local"; readonly agent: LentAgent; readonly port: number; readonly dataDir: string }
);
type LentAgent = Pick<AgentOptions, "capacity" | "allowImages" | "pull" | "allowRanges" | "proxy" | "builds" | "name"> &
  ContainingOptions;
/** What an agent is started with, but what its process brings. */
type RemoteAgent = Omit<AgentOptions, "log" | "world">;

export type Run = (settings: AgentSettings) => Promise<void>;

interface Needs {
  readonly queueNeeded: boolean;
}

/** A command with all settings of an agent. */
export function withSettings(command: Command, run: Run, needs: Needs): Command {
  command
    .argument("[queue...]", "names of queues; together they share what is lent (env: LONGSHORE_QUEUES)")
    .addOption(
      setting("-a, --api <url>", "where the control plane answers", {
        env: "API",
        alsoEnv: ["METAPAGE_IO_WORKER_API_ADDRESS"],
        parse: origin,
        default: "http://localhost:8000",
        group: connects,
      }),
    )
    .addOption(
      setting("--key <keys>", "keys of queues that admit only agents with theirs", {
        env: "KEY",
        parse: list,
        default: [],
        shown: "none",
        group: connects,
      }),
    )
    .addOption(
      setting("--key-file <path>", "a file with such keys, one on a line", { env: "KEY_FILE", group: connects }),
    )
    .addOption(
      setting("-m, --mode <mode>", "remote serves queues; local runs queue, page and agent here", {
        env: "MODE",
        alsoEnv: ["METAPAGE_IO_WORKER_MODE"],
        choices: ["remote", "local"],
        default: "remote",
        group: connects,
      }),
    )
    .addOption(
      setting("-p, --port <n>", "where the page answers in local mode", {
        env: "PORT",
        alsoEnv: ["METAPAGE_IO_WORKER_PORT"],
        parse: port,
        default: 8000,
        group: connects,
      }),
    );
  return addTrust(addLending(command, "as many as --cpus; without it, half the machine's CPUs"))
    .addOption(onOff("--once", "end after one job", { env: "ONCE", group: serves }))
    .addOption(
      setting("--max-jobs <n>", "end after that many jobs", { env: "MAX_JOBS", parse: wholeNumber, group: serves }),
    )
    .addOption(
      setting("--idle-exit <time>", "end after so long without a job", {
        env: "IDLE_EXIT",
        parse: duration,
        group: serves,
      }),
    )
    .addOption(
      setting("-d, --data-dir <path>", "where caches, its identity and unsent results are kept", {
        env: "AGENT_DATA_DIR",
        shown: "~/.longshore/agent",
        group: itself,
      }),
    )
    .addOption(setting("--name <name>", "what people see", { env: "NAME", default: hostname(), group: itself }))
    .addOption(
      onOff("--new-identity", "begin as a new agent, and remove what the former one left on this machine", {
        env: "NEW_IDENTITY",
        group: itself,
      }),
    )
    .addOption(
      setting("--health-port <n>", "answer /healthz, /metrics and a page on this port; 0 takes any", {
        env: "HEALTH_PORT",
        parse: port,
        shown: "none",
        group: itself,
      }),
    )
    .addOption(
      setting("--health-host <address>", "where that listens", {
        env: "HEALTH_HOST",
        default: "127.0.0.1",
        group: itself,
      }),
    )
    .addOption(
      setting("--log-format <format>", "auto is text on a terminal, else JSON", {
        env: "LOG_FORMAT",
        choices: logFormats,
        default: "auto",
        group: itself,
      }),
    )
    .addOption(
      onOff("--debug", "log every frame to and from queues, too", {
        env: "DEBUG",
        alsoEnv: ["METAPAGE_IO_WORKER_DEBUG"],
        group: itself,
      }),
    )
    .addOption(new Option("--no-debug").hideHelp())
    .addOption(new Option("--no-trust").hideHelp())
    .addOption(new Option("--no-new-identity").hideHelp())
    .action((queues: readonly string[], raw: unknown, said: Command) => {
      const flags = v.parse(Flags, raw);
      const source = (name: string) => sourceOf(said, name);
      return run(settingsOf(queues, flags, needs, uselessSettings({ mode: flags.mode, queues, source })));
    });
}

function settingsOf(
  queues: readonly string[],
  flags: Flags,
  { queueNeeded }: Needs,
  useless: readonly string[],
): AgentSettings {
  const { logFormat, debug, name, port: at, dataDir, healthPort, healthHost } = flags;
  const { once, maxJobs = once ? 1 : undefined, idleExit } = flags;
  const agent = { ...lendingOptions(flags), name };
  const health = healthPort === undefined ? undefined : { port: healthPort, host: healthHost };
  const shown = { logFormat, debug, health };
  if (flags.mode === "local")
    return { mode: "local", agent, port: at, dataDir: dataDir ?? homeFolder("local"), ...shown, remarks: useless };
  const keys = keysOf(flags);
  const named = queueNames(queues, keys, queueNeeded);
  const isFor = (key: string) => named.some((name) => queueNameOfKey(key) === name);
  const remarks = keys.every(isFor) ? useless : [...useless, "A key is for none of the queues that are named."];
  return {
    mode: "remote",
    remarks,
    agent: {
      ...agent,
      queues: named,
      api: flags.api,
      dataDir: dataDir ?? homeFolder("agent"),
      newIdentity: flags.newIdentity || firstOf("METAPAGE_IO_WORKER_GENERATE_WORKER_ID") !== undefined,
      trusted: flags.trust,
      keys,
      maxJobs,
      idleExitMs: idleExit,
    },
    ...shown,
  };
}

function keysOf({ key, keyFile }: Flags): readonly string[] {
  if (keyFile === undefined) return key;
  try {
    return [...key, ...readFileSync(keyFile, "utf8").split("\n")]
      .map((line) => line.trim())
      .filter((line) => line !== "");
  } catch (cause) {
    throw new UsageError(`The file of --key-file can't be read: ${messageOf(cause)}.`, { cause });
  }
}

function queueNames(given: readonly string[], keys: readonly string[], needed: boolean): readonly string[] {
  const variable = firstOf(
    "LONGSHORE_QUEUES",
    "LONGSHORE_QUEUE",
    "METAPAGE_IO_WORKER_QUEUE",
    "METAPAGE_IO_WORKER_QUEUE_ID",
  );
  const named = given.length > 0 ? given : list(variable ?? "");
  // A key says which queue it is for.
  const names = named.length > 0 ? named : keys.map(queueNameOfKey);
  if (names.length === 0 && needed)
    throw new UsageError("Which queue? Name at least one: longshore agent <queue> --api <url>.");
  return [...new Set(names)].map((name) => queueName(name, keys));
}

function queueName(name: string, keys: readonly string[]): string {
  const parsed = v.safeParse(QueueName, name);
  if (!parsed.success) throw new UsageError(`${JSON.stringify(name)} can't be a queue: ${parsed.issues[0].message}`);
  if (keyHashOf(parsed.output) !== null && !keys.some((key) => queueNameOfKey(key) === parsed.output))
    throw new UsageError(
      "A queue named k-... admits only agents with its key: give that with --key-file or LONGSHORE_KEY.",
    );
  return parsed.output;
}
