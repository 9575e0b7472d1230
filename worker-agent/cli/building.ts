// What builds get of this machine: the settings of builds.

import { accessSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import * as v from "valibot";
import type { AgentOptions } from "../agent.ts";
import { defaultBuildMs } from "../build/limits.ts";
import { setting } from "./setting.ts";
import { duration } from "./values.ts";

export const Building = v.object({
  buildEnv: v.array(v.tuple([v.string(), v.string()])),
  buildCa: v.optional(v.string()),
  buildTime: v.number(),
});
type Building = Readonly<v.InferOutput<typeof Building>>;

const builds = "What builds get:";

export function addBuilding(command: Command): Command {
  return command
    .addOption(
      setting(
        "--build-env <names>",
        "variables of this machine for build steps, like HTTPS_PROXY,PIP_INDEX_URL; NAME=value sets one, jobs can read them",
        { env: "BUILD_ENV", parse: variables, default: [], shown: "none", group: builds },
      ),
    )
    .addOption(
      setting("--build-ca <file>", "certificates (PEM) that build steps and git trust instead of the usual ones", {
        env: "BUILD_CA",
        parse: file,
        shown: "none",
        group: builds,
      }),
    )
    .addOption(
      setting("--build-time <time>", "the longest a build may take", {
        env: "BUILD_TIME",
        parse: duration,
        default: defaultBuildMs,
        shown: "30m",
        group: builds,
      }),
    );
}

export function buildingOptions({ buildEnv, buildCa, buildTime }: Building): Pick<AgentOptions, "builds"> {
  const certificates = buildCa === undefined ? {} : { certificates: buildCa };
  return { builds: { variables: new Map(buildEnv), ...certificates, limitMs: buildTime } };
}

/** Names, separated by commas; or one with its value, which may have commas. A name that is not set here is left out. */
function variables(text: string, previous: unknown): readonly (readonly [string, string])[] {
  const before = v.parse(Building.entries.buildEnv, previous ?? []);
  const texts = text.includes("=") ? [text] : text.split(",");
  const found = texts.flatMap((each): [string, string][] => {
    const [, name, value] = /^\s*([A-Za-z_]\w*)\s*(?:=([\s\S]*))?$/.exec(each) ?? [];
    if (name === undefined) throw new InvalidArgumentError("It is names of variables, or one NAME=value.");
    const known = value ?? process.env[name];
    return known === undefined ? [] : [[name, known]];
  });
  return [...before, ...found];
}

function file(text: string): string {
  try {
    accessSync(text);
    return resolve(text);
  } catch {
    throw new InvalidArgumentError("There is no such file, or it can't be read.");
  }
}
