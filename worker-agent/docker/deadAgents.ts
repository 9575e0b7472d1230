// What agents have left on the engine that can't come back, because they were killed and their data folders thrown away. Their
// networks say where they lived; only who would look at the same folders on the same machine may say that one is gone.

import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { access } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import type { AgentId } from "../../wire/ids.ts";
import { codeOf, messageOf } from "../fault.ts";
import type { LogSink } from "../log.ts";
import type { World } from "../world.ts";
import { labels } from "./container.ts";
import type { Engine } from "./engine.ts";
import { JobNetwork } from "./network.ts";

/** Where an agent lives: its folder, the process that made its network, and whose eyes see both. */
const Home = v.pipe(v.string(), v.parseJson(), v.object({ view: v.string(), pid: v.number(), folder: v.string() }));

/** The label's value. */
export function homeOf(folder: string): string {
  return JSON.stringify({ view: viewOfThisProcess(), pid: process.pid, folder });
}

export interface Remover {
  readonly engine: Engine;
  readonly world: World;
  readonly log: LogSink;
}

/** Removes what is left of agents whose folder and process are both gone. What can't be removed now is for the next start. */
export async function forgetDeadAgents(tools: Remover, signal: AbortSignal): Promise<void> {
  for (const { Labels } of await tools.engine.networks.list(labels.home, signal)) {
    const agent = Labels[labels.agent];
    const home = v.safeParse(Home, Labels[labels.home]);
    if (agent === undefined || !home.success || !(await isGone(home.output))) continue;
    try {
      await forgetAgent(agent, tools, signal);
      tools.log({ event: "dead agent's containers removed", message: `Nothing is left of ${home.output.folder}.` });
    } catch (error) {
      tools.log({ event: "dead agent not removed", level: "warn", message: messageOf(error) });
    }
  }
}

/** Removes what an agent that will not come back has left on this host. */
export async function forgetAgent(agent: AgentId | string, tools: Remover, signal: AbortSignal): Promise<void> {
  const { engine } = tools;
  const containers = await engine.list(`${labels.agent}=${agent}`, signal);
  await Promise.all(containers.map(({ Id }) => engine.remove(Id, signal)));
  await new JobNetwork({ ...tools, agent, slots: 1 }).remove(signal);
}

/** In doubt it is not. Where a disk with the folder is only not mounted now, its jobs run once more. */
async function isGone({ view, pid, folder }: v.InferOutput<typeof Home>): Promise<boolean> {
  if (view !== viewOfThisProcess() || isAlive(pid)) return false;
  try {
    // Every agent locks its folder before it makes anything.
    await access(join(folder, "lock"));
    return false;
  } catch (error) {
    return codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR";
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

/** The same for processes that see the same files and processes: a container has another name, or another root. */
function viewOfThisProcess(): string {
  const { dev, ino } = statSync("/");
  return createHash("sha256")
    .update(JSON.stringify([hostname(), machineId(), dev, ino]))
    .digest("hex")
    .slice(0, 16);
}

function machineId(): string {
  try {
    return readFileSync("/etc/machine-id", "utf8").trim();
  } catch {
    // Not on every system; the name and the root are what matters.
    return "";
  }
}
