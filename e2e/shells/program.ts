// A child process that a test starts and ends by its process id. Its output is kept, line by line.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { Inbox } from "../clients/inbox.ts";
import { within } from "../clients/until.ts";
import { outputLinesShown, startMs, stopMs } from "../limits.ts";

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** How long it may take to end by itself, where that is not a failure. */
  readonly killAfterMs?: number;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

// Where there is a setpriv that can do it, a child ends with the test that started it, even if that is killed.
const follows =
  process.platform === "linux" && spawnSync("setpriv", ["--pdeathsig", "KILL", "true"]).status === 0
    ? ["setpriv", "--pdeathsig", "KILL", "--"]
    : [];

export class Program {
  readonly lines = new Inbox<string>();
  /** Lines on file descriptor 3. */
  readonly control = new Inbox<string>();
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ending>;
  readonly #killAfterMs: number | undefined;

  constructor(command: readonly [string, ...string[]], { env = {}, cwd, killAfterMs }: ProgramOptions = {}) {
    this.#name = command.join(" ");
    this.#killAfterMs = killAfterMs;
    const [program, ...args] = [...follows, ...command];
    this.#child = spawn(program ?? "", args, {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      // What steers the tests is no business of what they start.
      env: { ...process.env, NODE_ENV: undefined, NODE_OPTIONS: undefined, VITEST: undefined, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    const [, out, err, control] = this.#child.stdio;
    for (const [stream, inbox] of [
      [out, this.lines] as const,
      [err, this.lines] as const,
      [control, this.control] as const,
    ]) {
      if (isReadable(stream)) createInterface({ input: stream }).on("line", (line) => inbox.push(line));
    }
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.lines.push(String(error));
        resolve({ code: null, signal: null });
      });
      this.#child.once("close", (code, signal) => resolve({ code, signal }));
    });
    void this.#ended.then(({ code, signal }) => {
      const why = `${this.#name} has ended (${signal ?? code})\n${this.output()}`;
      this.lines.close(why);
      this.control.close(why);
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  output(): string {
    return this.lines.all.slice(-outputLinesShown).join("\n");
  }

  /** The first match in a line of its output. */
  line(pattern: RegExp, limitMs: number = startMs): Promise<RegExpExecArray> {
    return this.lines.find(`a line like ${pattern} of ${this.#name}`, (line) => pattern.exec(line) ?? undefined, {
      limitMs,
    });
  }

  ended(limitMs: number = stopMs): Promise<Ending> {
    return within(`the end of ${this.#name}`, this.#ended, () => this.output(), limitMs);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks it to stop. One that doesn't is killed, which is an error unless it was expected. */
  async stop(): Promise<Ending> {
    this.signal("SIGTERM");
    try {
      return await this.ended(this.#killAfterMs);
    } catch (error) {
      const ending = await this.kill();
      if (this.#killAfterMs !== undefined) return ending;
      throw error;
    }
  }

  async kill(): Promise<Ending> {
    this.signal("SIGKILL");
    return this.ended();
  }
}

function isReadable(stream: unknown): stream is Readable {
  return typeof stream === "object" && stream !== null && "read" in stream;
}
