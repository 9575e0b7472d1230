// `longshore agent install`: a systemd unit that runs an agent with these settings, and the file that has them.

import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { messageOf } from "../fault.ts";
import { type AgentSettings, withSettings } from "./agentSettings.ts";
import { UsageError } from "./fault.ts";
import { variableFor } from "./setting.ts";
import { environmentText, type UnitPlan, unitText } from "./systemdUnit.ts";

interface Where {
  readonly unit: string;
  readonly environment: string;
  readonly next: readonly string[];
}

const program = fileURLToPath(new URL("../../bin/longshore", import.meta.url));

export function installCommand(): Command {
  const command = new Command("install");
  return withSettings(command, async (settings) => install(command, settings), { queueNeeded: true })
    .summary("write a systemd unit that runs an agent with these settings")
    .description(
      "Writes a systemd unit and a file with these settings, which only its owner can read, and says how to start it. " +
        "The settings are those of `longshore agent`: its flags, and its variables that are set now.",
    )
    .addOption(new Option("--user", "for this user alone, without root").helpGroup("The unit:"))
    .addOption(new Option("--print", "show both files instead of writing them").helpGroup("The unit:"))
    .addOption(new Option("--to <folder>", "write both files there").helpGroup("The unit:"));
}

function install(command: Command, settings: AgentSettings): void {
  if (settings.mode === "local") throw new UsageError("Only agents of --mode=remote can be installed.");
  const user = command.getOptionValue("user") === true;
  const to: unknown = command.getOptionValue("to");
  const where = typeof to === "string" ? placesIn(to, user) : user ? placesOfUser() : placesOfSystem();
  const { agent } = settings;
  const variables = new Map([
    ...rawVariables(command),
    ["LONGSHORE_QUEUES", agent.queues.join(",")] as const,
    // A service has no home of its own to guess by.
    ["LONGSHORE_AGENT_DATA_DIR", dataDirOf(command, agent.dataDir, user)] as const,
  ]);
  const plan: UnitPlan = {
    program,
    environment: where.environment,
    user,
    longestJobMs: agent.capacity.maxDurationMs,
  };
  const texts = [
    [where.environment, environmentText(variables), 0o600],
    [where.unit, unitText(plan), 0o644],
  ] as const;
  if (command.getOptionValue("print") === true) {
    for (const [path, text] of texts) console.log(`# ${path}\n${text}`);
    return;
  }
  for (const [path, text, mode] of texts) write(path, text, mode);
  console.log(`Next:\n  ${where.next.join("\n  ")}`);
}

function placesOfSystem(): Where {
  const next = ["systemctl daemon-reload", "systemctl enable --now longshore-agent", "journalctl -fu longshore-agent"];
  return { unit: "/etc/systemd/system/longshore-agent.service", environment: "/etc/longshore/agent.env", next };
}

function placesOfUser(): Where {
  const config = process.env.XDG_CONFIG_HOME ?? join(homedir(), ".config");
  return {
    unit: join(config, "systemd/user/longshore-agent.service"),
    environment: join(config, "longshore/agent.env"),
    next: [
      "systemctl --user daemon-reload",
      "systemctl --user enable --now longshore-agent",
      "loginctl enable-linger    # to go on when nobody is logged in",
      "journalctl --user -fu longshore-agent",
    ],
  };
}

function placesIn(folder: string, user: boolean): Where {
  const unit = join(folder, "longshore-agent.service");
  const systemctl = user ? "systemctl --user" : "systemctl";
  return { unit, environment: join(folder, "agent.env"), next: [`${systemctl} enable --now ${unit}`] };
}

function dataDirOf(command: Command, dataDir: string, user: boolean): string {
  const said = command.getOptionValueSource("dataDir") !== undefined;
  return said || user ? dataDir : "/var/lib/longshore/agent";
}

/** What was said on the command line and by variables, as it was said. */
function rawVariables(command: Command): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const option of command.options) {
    const name = variableFor(option);
    const said = name === undefined ? undefined : rawOf(command, option);
    if (name !== undefined && said !== undefined) found.set(name, said);
  }
  return found;
}

function rawOf(command: Command, option: Option): string | undefined {
  const name = option.attributeName();
  const source = command.getOptionValueSource(name);
  if (source === "env" && option.envVar !== undefined) return process.env[option.envVar];
  const value: unknown = command.getOptionValue(name);
  // A switch that a variable turned on has no source but its default.
  if (!option.required && !option.optional) return value === true ? "true" : undefined;
  return source === "cli" ? rawArgument(command, option) : undefined;
}

/** A repeated flag is a list, which variables separate by commas. */
function rawArgument(command: Command, option: Option): string {
  const copy = new Command().allowUnknownOption().allowExcessArguments();
  const raw: string[] = [];
  copy.addOption(new Option(option.flags).argParser((text) => raw.push(text)));
  copy.parse(argumentsOf(command), { from: "user" });
  return raw.join(",");
}

function argumentsOf(command: Command): string[] {
  let top = command;
  while (top.parent) top = top.parent;
  return "rawArgs" in top && Array.isArray(top.rawArgs) ? top.rawArgs.map(String) : [];
}

function write(path: string, text: string, mode: number): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode });
    console.log(`Wrote ${path}`);
  } catch (cause) {
    throw new Error(`${path} can't be written: ${messageOf(cause)}. As root, or with --user, or with --print?`, {
      cause,
    });
  }
}
