// The agent's state in its data folder, for `longshore agent status`: written a moment after each line of its log, since what
// changes is worth a line, and removed at its end. Whether the agent runs is not its word but the folder's lock.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { readJson, writeWhole } from "./atomicFile.ts";
import { messageOf } from "./fault.ts";
import { statusWriteMs } from "./limits.ts";
import type { LogSink } from "./log.ts";
import { type AgentStatus, ShownStatus } from "./status.ts";
import type { World } from "./world.ts";

const File = v.object({ pid: v.number(), at: v.number(), status: ShownStatus });
export type StatusSeen = Readonly<v.InferOutput<typeof File>>;

export class StatusFile {
  readonly #path: string;
  readonly #world: World;
  #log: LogSink = () => {};
  #status: (() => AgentStatus) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isFaulty = false;

  constructor(dataDir: string, world: World) {
    this.#path = pathOf(dataDir);
    this.#world = world;
  }

  /** The same log, of which each line brings the file up to date. */
  following(sink: LogSink): LogSink {
    this.#log = sink;
    return (event) => {
      sink(event);
      if (event.level !== "debug") this.#later();
    };
  }

  begin(status: () => AgentStatus): void {
    this.#status = status;
    this.#later();
  }

  async close(): Promise<void> {
    this.#status = undefined;
    clearTimeout(this.#timer);
    await this.#writing;
    await rm(this.#path, { force: true });
  }

  #later(): void {
    if (this.#status === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#writing.then(() => this.#write());
    }, statusWriteMs).unref();
  }

  async #write(): Promise<void> {
    if (this.#status === undefined) return;
    const { now, newId } = this.#world;
    const seen: StatusSeen = { pid: process.pid, at: now(), status: this.#status() };
    try {
      await writeWhole(this.#path, JSON.stringify(seen), newId, false);
      this.#isFaulty = false;
    } catch (error) {
      // Said once: a full disk is worse for everything else.
      if (!this.#isFaulty) this.#log({ event: "status not written", level: "warn", message: messageOf(error) });
      this.#isFaulty = true;
    }
  }
}

/** What the folder's agent said last; nothing after it was stopped. */
export async function readStatus(dataDir: string): Promise<StatusSeen | undefined> {
  const parsed = v.safeParse(File, await readJson(pathOf(dataDir)));
  return parsed.success ? parsed.output : undefined;
}

function pathOf(dataDir: string): string {
  return join(dataDir, "status.json");
}
