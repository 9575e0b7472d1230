// Whether the engine sees the agent's data folder at the same path. Where the agent runs in a container, or the engine elsewhere,
// that is not so by itself, and the jobs' inputs and outputs would be other folders than the agent's.

import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../fault.ts";
import { labels } from "./container.ts";
import type { Engine } from "./engine.ts";
import { runErrand } from "./errand.ts";
import { errandLimits, errandOptions } from "./namespace.ts";
import { findTools } from "./toolsImage.ts";

/** Whether it is worth a container to ask: this process is in one itself, or the engine is reached by the network. */
export function mayNotShareFolders(): boolean {
  const host = process.env.DOCKER_HOST ?? "";
  return existsSync("/.dockerenv") || existsSync("/run/.containerenv") || (host !== "" && !host.startsWith("unix:"));
}

export interface SharedFolderPlan {
  readonly engine: Engine;
  readonly agent: string;
  readonly folder: string;
  readonly toolsImage: string | undefined;
  readonly newId: () => string;
}

/** A sentence that says what is wrong and what to do, or nothing where the engine sees the folder. */
export async function folderFault(
  { engine, agent, folder, toolsImage, newId }: SharedFolderPlan,
  signal: AbortSignal,
): Promise<string | undefined> {
  const tools = await findTools(engine, toolsImage, signal);
  // Without a shell there is nothing to look with.
  if (!tools) return undefined;
  const id = newId();
  const name = `seen-${id}`;
  // Not its name, which an error would say too.
  const content = newId();
  await writeFile(join(folder, name), content);
  try {
    const options = {
      ...errandOptions(agent, tools, `cat /folder/${name}`),
      Labels: { [labels.agent]: agent, [labels.own]: "look" },
      HostConfig: {
        ...errandLimits,
        // Only for its owner: the look is root's.
        CapAdd: ["DAC_READ_SEARCH"],
        NetworkMode: "none",
        Mounts: [{ Type: "bind", Source: folder, Target: "/folder", ReadOnly: true }],
      },
    };
    const look = runErrand(engine, `longshore-${agent.slice(0, 8)}-look-${id}`, options, signal);
    const seen = await look.catch((error: unknown) => `The engine says: ${messageOf(error)}`);
    if (seen.includes(content)) return undefined;
    return `The Docker engine does not see this agent's data folder at ${folder}. In a container, mount a folder of the host at the same path: -v ${folder}:${folder}; an engine on another machine can't be used. ${seen}`.trim();
  } finally {
    await rm(join(folder, name), { force: true });
  }
}
