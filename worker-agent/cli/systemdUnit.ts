// The texts of a systemd unit and of its environment file. Pure.

import { drainAnswerMs } from "../limits.ts";
import { exitCodes } from "./fault.ts";

export interface UnitPlan {
  readonly program: string;
  /** The file with the settings. */
  readonly environment: string;
  /** For a user's own systemd, which knows no system units. */
  readonly user: boolean;
  readonly longestJobMs: number;
}

export function unitText({ program, environment, user, longestJobMs }: UnitPlan): string {
  // A stop drains: it takes as long as the longest job and the last answers.
  const stopSeconds = Math.ceil((longestJobMs + 2 * drainAnswerMs) / 1000);
  const order = user ? "" : "Wants=network-online.target\nAfter=network-online.target docker.service\n";
  return `[Unit]
Description=Longshore agent: lends this machine's Docker engine to queues
Documentation=file://${program.replace(/bin\/longshore$/, "docs/agent.md")}
${order}
[Service]
EnvironmentFile=${environment}
ExecStart=${quoted(program)} agent
Restart=on-failure
RestartSec=5
# A setting that can't be used, and an agent that another one has replaced, are not mended by starting again.
RestartPreventExitStatus=${exitCodes.usage} ${exitCodes.replaced}
# The first SIGTERM drains; jobs' containers are the engine's and no part of this unit.
KillMode=mixed
TimeoutStopSec=${stopSeconds}

[Install]
WantedBy=${user ? "default.target" : "multi-user.target"}
`;
}

export function environmentText(variables: ReadonlyMap<string, string>): string {
  const lines = [...variables].sort().map(([name, value]) => `${name}=${quoted(value)}\n`);
  return `# Settings of the Longshore agent: \`longshore agent --help\`. Queues' names and keys are secrets.\n${lines.join("")}`;
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
