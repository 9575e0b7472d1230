// One container that is started ahead of its job: the helper waits at a pipe in the job's folder-to-be, and both are gone from
// there before anything of a job or of the image comes near. It serves one job or none.

import { execFile } from "node:child_process";
import { constants, open } from "node:fs";
import { access, chmod, copyFile, link, mkdir, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { type ParkedPlan, parkedOptions } from "../docker/container.ts";
import type { Engine } from "../docker/engine.ts";
import type { ImageInfo } from "../docker/engineAnswers.ts";
import type { Place } from "../docker/network.ts";
import { codeOf } from "../fault.ts";
import { type JobFolder, makeJobCache, makeJobFolder, removeJobFolder } from "../job/jobFolder.ts";
import { sleep } from "../retry.ts";
import { parkedLookMs } from "./limits.ts";
import { lastWill, type Program, releaseScript } from "./release.ts";

/** Below the job's own, read-only mount of /inputs: nobody but this one container ever sees it. */
const nook = ".longshore";

export interface ParkedParts {
  readonly engine: Engine;
  readonly name: string;
  readonly busybox: string;
  readonly folder: JobFolder;
  readonly place: Place;
  readonly image: ImageInfo;
  /** What the engine is told, but where the job's folders are and what waits. */
  readonly plan: Omit<ParkedPlan, "mounts" | "helper" | "network"> & { readonly jobCache: string };
  readonly mark: string;
}

export class ParkedContainer {
  readonly id: string;
  readonly image: ImageInfo;
  readonly place: Place;
  readonly folder: JobFolder;
  /** The name of the file in `outputs` by which the helper says that it never became a job. */
  readonly mark: string;
  /** What the container prints, attached before its start. Nothing until the release. */
  readonly output: Readable;
  /** Whether it has become a job, as far as is known. */
  released = false;
  readonly #engine: Engine;
  readonly #pipe: Socket;
  #removal: Promise<void> | undefined;

  private constructor(id: string, { engine, image, place, folder, mark }: ParkedParts, output: Readable, pipe: Socket) {
    this.id = id;
    this.image = image;
    this.place = place;
    this.folder = folder;
    this.mark = mark;
    this.output = output;
    this.#engine = engine;
    this.#pipe = pipe;
    // A helper that is gone: the release notices.
    pipe.on("error", () => {});
  }

  /** Resolves when its helper waits. @throws if it can't; nothing is left then. */
  static async make(parts: ParkedParts, signal: AbortSignal): Promise<ParkedContainer> {
    const { engine, name, busybox, folder, place, plan, mark } = parts;
    let id: string | undefined;
    let output: Readable | undefined;
    let pipe: Socket | undefined;
    try {
      await makeJobFolder(folder);
      await makeJobCache(plan.jobCache);
      const own = join(folder.inputs, nook);
      const pipePath = join(own, "job");
      await mkdir(own);
      // The agent's umask would take from the mode that mkdir is given.
      await chmod(own, 0o755);
      await link(busybox, join(own, "busybox")).catch(async (error: unknown) => {
        // Another file system, or as many links as a file can have.
        if (codeOf(error) !== "EXDEV" && codeOf(error) !== "EMLINK" && codeOf(error) !== "EPERM") throw error;
        await copyFile(busybox, join(own, "busybox"));
      });
      await promisify(execFile)(busybox, ["mkfifo", "-m", "644", pipePath], { signal });
      const { jobCache, ...rest } = plan;
      const mounts = { inputs: folder.inputs, outputs: folder.outputs, jobCache, config: [] };
      const at = `/inputs/${nook}`;
      const helper = [`${at}/busybox`, "sh", `${at}/job`];
      // Without the signal: a request that is given up may still create a container that nobody knows.
      id = await engine.create(name, parkedOptions({ ...rest, mounts, helper, network: place.hostConfig }));
      output = await engine.attach(id, false);
      await engine.start(id, signal);
      pipe = await writerOf(pipePath, signal);
      pipe.write(lastWill(mark));
      await rm(own, { recursive: true });
      return new ParkedContainer(id, parts, output, pipe);
    } catch (error) {
      // The other sides end their halves; ours would keep the process.
      output?.destroy();
      pipe?.destroy();
      if (id !== undefined) await engine.remove(id);
      place.leave();
      await removeJobFolder(folder);
      throw error;
    }
  }

  /** The helper becomes the job. False when it is gone; then nothing has begun. */
  async release(program: Program): Promise<boolean> {
    this.released = await new Promise<boolean>((resolve) => {
      // The end of the pipe comes after the last command: a helper that can't go on reads it and ends.
      this.#pipe.once("error", () => resolve(false));
      this.#pipe.once("finish", () => resolve(true));
      this.#pipe.end(releaseScript(program));
    });
    return this.released;
  }

  /** Whether the helper has ended without becoming a job. The container has ended. */
  async declined({ outputs }: JobFolder): Promise<boolean> {
    const declined = await isMarked(outputs, this.mark);
    this.released &&= !declined;
    return declined;
  }

  /** The container alone; its place and folder are the job's that has claimed it. May be called again. */
  remove(): Promise<void> {
    this.#pipe.destroy();
    this.output.destroy();
    this.#removal ??= this.#engine.remove(this.id);
    return this.#removal;
  }

  /** Everything of it. */
  async discard(): Promise<void> {
    await this.remove();
    this.place.leave();
    await removeJobFolder(this.folder);
  }
}

/** Whether a helper has left its mark there: then it has become no job. */
export async function isMarked(outputs: string, mark: string): Promise<boolean> {
  try {
    await access(join(outputs, mark));
    return true;
  } catch {
    return false;
  }
}

/** The pipe's writing end, once somebody reads: before, it can't be opened without waiting. */
async function writerOf(path: string, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    const fd = await openToWrite(path);
    if (fd !== undefined) return new Socket({ fd, readable: false, writable: true });
    await sleep(parkedLookMs, signal);
  }
}

function openToWrite(path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    open(path, constants.O_WRONLY | constants.O_NONBLOCK, (error, fd) => {
      if (!error) resolve(fd);
      else if (error.code === "ENXIO") resolve(undefined);
      else reject(error);
    });
  });
}
