// For the tests of this folder: what is on the Docker engine, asked without the agent's own code.

import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import Docker from "dockerode";
import { agentIdOf } from "../wire/agentId.ts";
import type { JobId } from "../wire/ids.ts";
import { Firewall } from "./docker/firewall.ts";

/** Lines that `docker` prints. */
export async function docker(...args: string[]): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)("docker", args);
  return stdout.split("\n").filter((line) => line !== "");
}

export function containersOf(id: JobId): Promise<readonly string[]> {
  // By name: one that was parked has no label of its job.
  return containers({ name: [`-${id.slice(0, 16)}-`] });
}

/** Everything on the engine that carries the agent's label. */
export async function leftOf(agent: string): Promise<readonly string[]> {
  return [...(await containers(labelled(agent), { all: true })), ...(await networksOf(agent))];
}

/** Containers that carry the agent's label and are not its own. */
export async function jobsLeftOf(agent: string): Promise<readonly string[]> {
  const own = await containers({ label: [`longshore.agent=${agent}`, "longshore.own"] }, { all: true });
  const all = await containers(labelled(agent), { all: true });
  return all.filter((id) => !own.includes(id));
}

/** What agents that were killed, and not started again by a test that failed, have left on the engine. */
export async function removeLeftovers(root: string): Promise<void> {
  for (const file of await readdir(root, { recursive: true })) {
    if (!file.endsWith("/secret") && file !== "secret") continue;
    const agent = agentIdOf((await readFile(join(root, file), "utf8")).trim());
    for (const id of await containers(labelled(agent), { all: true })) await docker("rm", "-f", id);
    for (const id of await networksOf(agent)) await docker("network", "rm", id);
    await new Firewall(agent).open();
  }
}

// Over the API: a wait asks many times, and a process for each question takes most of a core.
const engine = new Docker();

function containers(filters: Readonly<Record<string, string[]>>, { all = false } = {}): Promise<readonly string[]> {
  return engine.listContainers({ all, filters }).then((found) => found.map(({ Id }) => Id));
}

function networksOf(agent: string): Promise<readonly string[]> {
  return engine.listNetworks({ filters: labelled(agent) }).then((found) => found.map(({ Id }) => Id));
}

function labelled(agent: string): { label: string[] } {
  return { label: [`longshore.agent=${agent}`] };
}
