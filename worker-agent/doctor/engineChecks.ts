// Checks of the Docker engine: does it answer, does it see our folder, does the fence hold, are its GPUs there.

import { randomBytes } from "node:crypto";
import { userInfo } from "node:os";
import { labels, mappedUsers } from "../docker/container.ts";
import type { Engine } from "../docker/engine.ts";
import { runErrand } from "../docker/errand.ts";
import { errandLimits, errandOptions } from "../docker/namespace.ts";
import { JobNetwork } from "../docker/network.ts";
import { folderFault } from "../docker/sharedFolder.ts";
import { findTools } from "../docker/toolsImage.ts";
import { messageOf } from "../fault.ts";
import { engineCallMs, namespaceMs } from "../limits.ts";
import { within } from "../retry.ts";
import type { World } from "../world.ts";
import { type Finding, failed, ok, warning } from "./check.ts";

export interface EngineChecks {
  readonly engine: Engine;
  readonly dataDir: string;
  readonly gpus: readonly string[];
  readonly toolsImage: string | undefined;
  readonly runtime: string | undefined;
  readonly world: World;
}

export async function checkEngine({ engine, runtime }: EngineChecks): Promise<Finding> {
  try {
    const info = await engine.info(within(engineCallMs));
    const { version, cpus, memoryBytes, storage, runtimes, os, architecture } = info;
    const said = `Docker ${version}, ${os}/${architecture}, ${cpus} CPUs, ${(memoryBytes / 1024 ** 3).toFixed(1)} GiB, ${storage}.`;
    if (os !== "linux") return failed("engine", said, "Jobs need an engine with Linux containers.");
    if (info.mapsUsers) return failed("engine", mappedUsers.fault, mappedUsers.remedy);
    if (runtime === undefined || runtimes.includes(runtime)) return ok("engine", said);
    return failed(
      "engine",
      `It has no runtime ${runtime}.`,
      `It has ${runtimes.join(", ")}: choose one with --runtime.`,
    );
  } catch (error) {
    const why = messageOf(error);
    const remedy = /EACCES/.test(why)
      ? `This user may not use it: \`sudo usermod -aG docker ${userInfo().username}\`, then log in again.`
      : "Start it (`sudo systemctl start docker`) or install one (https://docs.docker.com/engine/install/); DOCKER_HOST names another.";
    return failed("engine", `No Docker engine answers (${why}).`, remedy);
  }
}

/** An agent that is none: what it makes is known by this id, and gone at the end. */
function nobody(): string {
  return randomBytes(32).toString("hex");
}

export async function checkFolder({ engine, dataDir, toolsImage, world }: EngineChecks): Promise<Finding> {
  const plan = { engine, agent: nobody(), folder: dataDir, toolsImage, newId: world.newId };
  const fault = await folderFault(plan, within(engineCallMs)).catch(messageOf);
  if (fault === undefined) return ok("paths", "The engine sees the data folder at its path.");
  return failed("paths", fault, "Jobs could neither read inputs nor give back outputs.");
}

export async function checkFence({ engine, toolsImage, runtime, world }: EngineChecks): Promise<Finding> {
  let said = "";
  const network = new JobNetwork({
    engine,
    agent: nobody(),
    slots: 1,
    world,
    fence: "required",
    ...(toolsImage === undefined ? {} : { toolsImage }),
    ...(runtime === undefined ? {} : { runtime }),
    log: ({ event, message }) => {
      if (event === "network tested" && message !== undefined) said = message;
    },
  });
  try {
    await network.open(within(namespaceMs));
    await network.remove(within(engineCallMs));
    return ok("fence", said || "It was tested.");
  } catch (error) {
    await network.remove(within(engineCallMs)).catch(() => {});
    const remedy =
      "Install iproute2 (and iptables) on this machine, or name an image that has them with --tools-image.";
    return failed("fence", messageOf(error), remedy);
  }
}

export async function checkGpus({ engine, gpus, toolsImage, world }: EngineChecks): Promise<Finding> {
  if (gpus.length === 0) return ok("gpus", "None are lent (--gpus).");
  const agent = nobody();
  try {
    const tools = await findTools(engine, toolsImage, within(engineCallMs));
    if (!tools) return warning("gpus", "They could not be tried.", "Install iproute2 here, or use --tools-image.");
    const options = {
      ...errandOptions(agent, tools, "echo here"),
      Labels: { [labels.agent]: agent, [labels.own]: "look" },
      HostConfig: {
        ...errandLimits,
        NetworkMode: "none",
        DeviceRequests: [{ Driver: "nvidia", DeviceIDs: gpus, Capabilities: [["gpu"]] }],
      },
    };
    const name = `longshore-${agent.slice(0, 8)}-gpus-${world.newId()}`;
    const answer = await runErrand(engine, name, options, within(engineCallMs));
    if (answer.includes("here")) return ok("gpus", `Containers get ${gpus.join(", ")}.`);
    return failed(
      "gpus",
      `A container with ${gpus.join(", ")} said: ${answer.trim()}`,
      "See what nvidia-smi says here.",
    );
  } catch (error) {
    const remedy =
      "Install the NVIDIA driver and the NVIDIA Container Toolkit (`nvidia-ctk runtime configure`), restart Docker, and compare the ids with `nvidia-smi -L`.";
    return failed("gpus", `Containers get no ${gpus.join(", ")}: ${messageOf(error)}`, remedy);
  }
}
