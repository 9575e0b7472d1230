// `longshore agent status`: whether an agent runs here, and what it does, from its own data folder.

import { existsSync } from "node:fs";
import { Command } from "commander";
import * as v from "valibot";
import { agentFolder, isInUse } from "../dataDir.ts";
import { statusText } from "../health/healthPage.ts";
import { readPause, sentenceOf } from "../pause.ts";
import { lengthText } from "../status.ts";
import { readStatus, type StatusSeen } from "../statusFile.ts";
import { systemWorld } from "../world.ts";
import { exitCodes } from "./fault.ts";
import { homeFolder } from "./lending.ts";
import { setting } from "./setting.ts";

const Flags = v.object({ dataDir: v.optional(v.string()), json: v.optional(v.boolean(), false) });

interface Found {
  readonly dataDir: string;
  readonly running: boolean;
  readonly seen: StatusSeen | undefined;
  readonly paused: string | undefined;
}

export function statusCommand(): Command {
  return new Command("status")
    .summary("whether an agent runs here, and what it does")
    .description(
      `Shows the agent of a data folder: whether it runs, its queues by the first digits of their hashes, and the jobs that it holds. ` +
        `Exit code ${exitCodes.done} if one runs, ${exitCodes.failed} if none does.`,
    )
    .addOption(
      setting("-d, --data-dir <path>", "the agent's data folder", {
        env: "AGENT_DATA_DIR",
        shown: "~/.longshore/agent and that of --mode=local",
      }),
    )
    .option("--json", "for programs")
    .action(async (raw: unknown) => {
      const { dataDir, json } = v.parse(Flags, raw);
      const folders = dataDir === undefined ? [homeFolder("agent"), homeFolder("local")] : [dataDir];
      const found = await Promise.all(folders.map(agentFolder).filter(existsSync).map(look));
      const now = systemWorld.now();
      if (json) console.log(JSON.stringify(found));
      else if (found.length === 0) console.log(`No agent has run here: there is no ${folders.join(" and no ")}.`);
      else console.log(found.map((one) => textOf(one, now)).join("\n\n"));
      if (!found.some(({ running }) => running)) process.exitCode = exitCodes.failed;
    });
}

async function look(dataDir: string): Promise<Found> {
  const pause = await readPause(dataDir, systemWorld.now());
  const [running, seen] = [isInUse(dataDir), await readStatus(dataDir)];
  return { dataDir, running, seen, paused: pause && sentenceOf(pause) };
}

function textOf({ dataDir, running, seen, paused }: Found, now: number): string {
  if (running && seen) return `${statusText(seen.status, now)}\nfolder   ${dataDir}, process ${seen.pid}`;
  if (running) return `An agent runs with ${dataDir}, and is starting or ending.`;
  const pause = paused === undefined ? "" : ` ${paused}`;
  if (!seen) return `No agent runs with ${dataDir}.${pause}`;
  const jobs = seen.status.held.length;
  const left = jobs === 0 ? "" : `, with ${jobs === 1 ? "a job" : `${jobs} jobs`}`;
  return `No agent runs with ${dataDir}.${pause} The last one was ended without a word, ${lengthText(now - seen.at)} ago or later${left}: the next start takes up what it left.`;
}
