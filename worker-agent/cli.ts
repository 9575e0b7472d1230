// The `longshore` command. Here and in cli/ are the only places that read the command line, the environment and signals.

import { Command, CommanderError } from "commander";
import { agentVersion } from "./agent.ts";
import { agentCommand } from "./cli/agentCommand.ts";
import { exitCodes, UsageError } from "./cli/fault.ts";
import { queueCommand } from "./cli/queueCommand.ts";
import { outliveReaders } from "./cli/readers.ts";
import { runAgent } from "./cli/runAgent.ts";
import { forgetEmptyVariables, usualArgs } from "./cli/setting.ts";
import { messageOf } from "./fault.ts";

const examples = `
Examples:
  longshore agent my-queue --api https://longshore.example.org   lend this machine to a queue
  longshore queue new --api https://longshore.example.org        make up a queue that only your agents serve
  longshore agent --mode=local                                   queue, page and agent on this machine

longshore <command> --help says more. docs/agent.md is for who lends a machine.`;

function program(): Command {
  const all = new Command("longshore")
    .description("Any Docker image, run from a URL.")
    .version(agentVersion, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this")
    .helpCommand(false)
    .enablePositionalOptions()
    .addCommand(agentCommand(runAgent))
    .addCommand(queueCommand())
    .addHelpText("after", examples);
  quiet(all);
  return all;
}

/** Faults are thrown, and told as one sentence below. */
function quiet(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => {} });
  for (const sub of command.commands) quiet(sub);
}

function codeFor(error: unknown): number {
  // Help and version come as errors too, with nothing to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  return error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
}

outliveReaders();
forgetEmptyVariables();
try {
  const args = process.argv.slice(2);
  await program().parseAsync(args.length === 0 ? ["--help"] : usualArgs(args), { from: "user" });
} catch (error) {
  process.exitCode = codeFor(error);
  const sentence = messageOf(error)
    .replace(/^error: /, "")
    .replaceAll("\n", " ");
  if (process.exitCode !== exitCodes.done) console.error(`longshore: ${sentence}`);
}
