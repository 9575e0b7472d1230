// `longshore agent` and what goes with it.

import { Command } from "commander";
import { type Run, withSettings } from "./agentSettings.ts";
import { doctorCommand } from "./doctorCommand.ts";
import { UsageError } from "./fault.ts";
import { installCommand } from "./installCommand.ts";
import { pauseCommands } from "./pauseCommands.ts";
import { statusCommand } from "./statusCommand.ts";

const about = `Lends this machine's Docker engine to one or more queues. It only dials out.

A queue's name is the credential to use it, so it is better given as LONGSHORE_QUEUES (separated by commas) than on a command
line that others on this machine can see.`;

const more = `
Every setting has a variable; a flag wins over it. The METAPAGE_IO_WORKER_* names are understood too. The Docker engine is the
one that the docker command uses (DOCKER_HOST).

Ctrl-C or SIGTERM drains: it takes no more jobs, finishes what runs, and ends. A second one gives the jobs back at once.

Exit codes: 0 it ended as it was asked to; 1 something failed; 2 a setting can't be used; 3 another process runs as this agent.

Examples:
  LONGSHORE_QUEUES=my-queue longshore agent --api https://longshore.example.org
  longshore agent my-queue other-queue --slots 4 --memory 16g --gpus all --max-job-duration 2h
  longshore agent my-queue --idle-exit 10m        for an autoscaler: it ends when there is nothing to do
  longshore agent --mode=local --port 8000
`;

/** `run` is called with what the command line and the environment say. */
export function agentCommand(run: Run): Command {
  const command = withSettings(new Command("agent"), run, { queueNeeded: true })
    .alias("run")
    .summary("lend this machine's Docker engine to queues")
    .description(about)
    .addHelpText("after", more)
    .enablePositionalOptions();
  const doctor = doctorCommand((examine) =>
    withSettings(
      new Command(),
      async (settings) => {
        if (settings.mode === "local") throw new UsageError("The doctor looks at agents of --mode=remote.");
        await examine(settings.agent);
      },
      { queueNeeded: false },
    ),
  );
  for (const sub of [statusCommand(), doctor, installCommand(), ...pauseCommands()]) command.addCommand(sub);
  return command;
}
