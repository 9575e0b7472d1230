// The image of the agent's own small containers: a shell, `ip` and what changes owners, as this machine has them, or a busybox image that is there.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, constants, open, readFile, realpath } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../fault.ts";
import { readThrough } from "../files/readThrough.ts";
import { engineCallMs, toolsBytesMax } from "../limits.ts";
import { within } from "../retry.ts";
import type { Engine } from "./engine.ts";
import { tarOf } from "./tar.ts";

export interface ToolsImage {
  readonly image: string;
  readonly shell: string;
  /** Why it is not the better one. */
  readonly lacks?: string;
}

/** What `npm start` and the tests have on the engine anyway: busybox, whose `ip` knows no ports. */
const busybox = "longshore/shell:latest";
export const toolsRepository = "longshore/tools";
const shells = ["bash", "sh"];
const folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Undefined when there is none, and none can be made. @throws an Error with a sentence if the named one is not there. */
export async function findTools(
  engine: Engine,
  named: string | undefined,
  signal: AbortSignal,
): Promise<ToolsImage | undefined> {
  if (named !== undefined) {
    if (await engine.images.find(named, signal)) return { image: named, shell: "sh" };
    throw new Error(`The engine has no image ${JSON.stringify(named)}, which --tools-image names: pull it first.`);
  }
  let lacks: string;
  try {
    return { image: await ownImage(engine, signal), shell: "/tools/sh" };
  } catch (error) {
    signal.throwIfAborted();
    lacks = messageOf(error);
  }
  if (await engine.images.find(busybox, signal)) return { image: busybox, shell: "/bin/sh", lacks };
  return undefined;
}

/** Made of this machine's programs, once: the name says what is in it. */
async function ownImage(engine: Engine, signal: AbortSignal): Promise<string> {
  const { os, architecture } = await engine.info(signal);
  if (!runsHere({ os, architecture })) {
    throw new Error(`the engine's machine is another one (${os}, ${architecture}) than the agent's`);
  }
  const { stdout, stderr } = await promisify(execFile)(await programNamed(["ip"]), ["-V"], { signal });
  if (!`${stdout}${stderr}`.includes("iproute2")) throw new Error("this machine has no iproute2");
  const files = await withLibraries(
    [
      ["tools/sh", await programNamed(shells)],
      ["tools/ip", await programNamed(["ip"])],
      ["tools/cat", await programNamed(["cat"])],
      ["tools/stat", await programNamed(["stat"])],
      ["tools/chown", await programNamed(["chown"])],
      ["tools/chmod", await programNamed(["chmod"])],
    ],
    signal,
  );
  const tag = await tagOf(files, signal);
  const image = `${toolsRepository}:${tag}`;
  if (await engine.images.find(image, signal)) return image;
  const contents = [...files].map(async ([name, path]) => ({ name, mode: 0o755, content: await readFile(path) }));
  const archive = tarOf(await Promise.all(contents));
  await engine.images.import(toolsRepository, tag, archive, { signal: within(engineCallMs, signal) });
  return image;
}

/** Names what is in them. Mostly the image is there, and an agent that begins need not have them all in memory. */
async function tagOf(files: ReadonlyMap<string, string>, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  let bytes = 0;
  for (const [name, path] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      bytes += size;
      if (bytes > toolsBytesMax) throw new Error(`this machine's tools have more than ${toolsBytesMax} bytes`);
      hash.update(`${name}\0${size}\0`);
      await readThrough(file, (piece) => void hash.update(piece), { signal });
    } finally {
      await file.close();
    }
  }
  return hash.digest("hex").slice(0, 16);
}

/** Whether a program of this machine runs on an engine of that kind, as far as names tell. */
export function runsHere(
  engine: { readonly os: string; readonly architecture: string },
  here: { readonly platform: string; readonly arch: string } = process,
): boolean {
  const names: Readonly<Record<string, string>> = {
    x86_64: "x64",
    amd64: "x64",
    aarch64: "arm64",
    i686: "ia32",
    armv7l: "arm",
  };
  return engine.os === here.platform && (names[engine.architecture] ?? engine.architecture) === here.arch;
}

async function programNamed(names: readonly string[]): Promise<string> {
  const places = [...(process.env.PATH ?? "").split(delimiter).filter((folder) => folder.startsWith("/")), ...folders];
  for (const name of names) {
    for (const folder of places) {
      const path = join(folder, name);
      const runs = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (runs) return path;
    }
  }
  throw new Error(`this machine has no ${names.join(" or ")}`);
}

/** Where the programs are, and every library that `ldd` names where the loader looks for it. */
async function withLibraries(
  programs: readonly (readonly [name: string, path: string])[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const wanted = new Map(programs);
  for (const [, path] of programs) {
    // It fails for a program that needs none.
    const { stdout } = await promisify(execFile)("ldd", [path], { signal }).catch(() => ({ stdout: "" }));
    for (const [, library = ""] of stdout.matchAll(/(?:^|\s)(\/\S+)\s+\(0x/gm)) wanted.set(library.slice(1), library);
  }
  return new Map(await Promise.all([...wanted].map(async ([name, path]) => [name, await realpath(path)] as const)));
}
