// The program that waits in parked containers: a static busybox, which needs nothing of the image that it waits in. This
// machine's own, or the one of the image that `npm start` brings; kept in the agent's data folder, so that it can be linked
// into a container's folder.

import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, chmod, copyFile, mkdir, open, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { Engine } from "../docker/engine.ts";
import { runErrand } from "../docker/errand.ts";
import { errandLimits, errandOptions } from "../docker/namespace.ts";
import { engineCallMs } from "../limits.ts";
import { within } from "../retry.ts";
import { helperTryMs } from "./limits.ts";

const image = "longshore/shell:latest";
const inImage = "/bin/busybox";
const folders = ["/bin", "/usr/bin", "/usr/local/bin"];

export interface HelperOptions {
  readonly engine: Engine;
  readonly agent: string;
  /** Where it is kept. */
  readonly folder: string;
  readonly newId: () => string;
}

/** Its path; undefined where there is none that can do it. */
export async function findHelper(options: HelperOptions, signal: AbortSignal): Promise<string | undefined> {
  const { folder, newId } = options;
  // busybox is what its file is called.
  const kept = join(folder, "busybox");
  if (await serves(kept, signal)) return kept;
  const trial = join(folder, newId());
  await mkdir(trial, { recursive: true });
  try {
    for (const source of [...systemPaths(), undefined]) {
      const found = source ?? (await fromImage(options, trial, signal));
      if (found === undefined || !(await serves(found, signal))) continue;
      const own = join(trial, "own");
      // A copy is this agent's, so that it may link it.
      await copyFile(found, own);
      await chmod(own, 0o755);
      await rename(own, kept);
      return kept;
    }
    return undefined;
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

function systemPaths(): readonly string[] {
  const places = [...(process.env.PATH ?? "").split(delimiter).filter((path) => path.startsWith("/")), ...folders];
  return [...new Set(places)].map((place) => join(place, "busybox"));
}

/** Copied out by a container, which shows too that the engine sees this agent's folders. */
async function fromImage(
  { engine, agent, newId }: HelperOptions,
  folder: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!(await engine.images.find(image, signal))) return undefined;
  const options = {
    ...errandOptions(agent, { image, shell: "/bin/sh" }, ""),
    Entrypoint: [inImage, "cp", inImage, "/copy/busybox"],
    HostConfig: {
      ...errandLimits,
      CapAdd: ["DAC_OVERRIDE"],
      NetworkMode: "none",
      Mounts: [{ Type: "bind", Source: folder, Target: "/copy" }],
    },
  };
  await runErrand(engine, `longshore-${agent.slice(0, 8)}-${newId()}`, options, within(engineCallMs, signal));
  return join(folder, "busybox");
}

/** Static, with a shell that can become another program under any name, and a way to make what it waits at. */
async function serves(path: string, signal: AbortSignal): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    if (!(await isStatic(path))) return false;
    const script = `export X=y; exec -a sh /proc/self/exe -c 'mkfifo --help >/dev/null 2>&1 && echo "$0 $X"'`;
    const { stdout } = await promisify(execFile)(path, ["sh", "-c", script], { signal: within(helperTryMs, signal) });
    return stdout.trim() === "sh y";
  } catch {
    // Not there, not for this machine, or without such a shell.
    return false;
  }
}

/** An ELF program without an interpreter. https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html */
async function isStatic(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const head = Buffer.alloc(64);
    await file.read(head, 0, 64, 0);
    // 64 bits, little-endian: what Docker runs on.
    if (head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2 || head[5] !== 1) return false;
    const [at, size, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)];
    const table = Buffer.alloc(size * count);
    await file.read(table, 0, table.length, at);
    const interpreter = 3;
    return !Array.from({ length: count }, (_, index) => table.readUInt32LE(index * size)).includes(interpreter);
  } finally {
    await file.close();
  }
}
