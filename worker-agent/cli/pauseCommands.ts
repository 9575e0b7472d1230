// `longshore agent pause` and `resume`: for the agent of a data folder, whether it runs now or not.

import { Command } from "commander";
import * as v from "valibot";
import { agentFolder } from "../dataDir.ts";
import { pauseNoteCharsMax } from "../limits.ts";
import { clearPause, sentenceOf, writePause } from "../pause.ts";
import { systemWorld } from "../world.ts";
import { UsageError } from "./fault.ts";
import { homeFolder } from "./lending.ts";
import { setting } from "./setting.ts";
import { duration } from "./values.ts";

const Flags = v.object({ dataDir: v.string(), for: v.optional(v.number()), note: v.optional(v.string()) });

export function pauseCommands(): readonly Command[] {
  const pause = new Command("pause")
    .summary("take no more jobs, until resumed")
    .description(
      "The agent of that data folder takes no more jobs and finishes what it runs; queues see it as paused. It stays so across " +
        "restarts, until `longshore agent resume` or the time is over.",
    )
    .addOption(dataDirSetting())
    .option("--for <time>", "how long, like 90m", duration)
    .option("--note <text>", "why, for the people who wait")
    .action(async (raw: unknown) => {
      const { dataDir: given, note, for: ms } = v.parse(Flags, raw);
      const dataDir = agentFolder(given);
      if ((note?.length ?? 0) > pauseNoteCharsMax)
        throw new UsageError(`The note is longer than ${pauseNoteCharsMax} characters.`);
      const until = ms === undefined ? {} : { until: systemWorld.now() + ms };
      const made = { ...(note === undefined ? {} : { note }), ...until };
      await writePause(dataDir, made, systemWorld.newId);
      console.log(`The agent of ${dataDir} takes no more jobs. ${sentenceOf(made)}`);
    });
  const resume = new Command("resume")
    .summary("end a pause")
    .description("The agent of that data folder takes jobs again.")
    .addOption(dataDirSetting())
    .action(async (raw: unknown) => {
      const dataDir = agentFolder(v.parse(Flags, raw).dataDir);
      const paused = await clearPause(dataDir, systemWorld.now());
      console.log(paused ? `The agent of ${dataDir} takes jobs again.` : `The agent of ${dataDir} was not paused.`);
    });
  return [pause, resume];
}

function dataDirSetting() {
  return setting("-d, --data-dir <path>", "the agent's data folder", {
    env: "AGENT_DATA_DIR",
    default: homeFolder("agent"),
    shown: "~/.longshore/agent",
  });
}
