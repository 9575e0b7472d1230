// The Node shell, as `npm start` runs it, with or without its own agent.

import { join } from "node:path";
import { startMs, stopMs } from "../limits.ts";
import { Program } from "./program.ts";
import { project, type Shell } from "./shell.ts";
import { removeFolder, temporaryFolder } from "./temporary.ts";

export interface NodeShellOptions {
  /** Its own agent on the local Docker engine. */
  readonly agent?: boolean;
  /** Admit any agent, not only its own. */
  readonly anyAgent?: boolean;
  readonly allowOrigins?: readonly string[];
  /** Addresses that webhooks may go to although they are not public. */
  readonly allowRanges?: readonly string[];
  readonly dataDir?: string;
  /** More of its flags. */
  readonly flags?: readonly string[];
}

export interface NodeShell extends Shell {
  readonly dataDir: string;
  readonly program: Program;
}

/** Starts the server's process, ready or not. */
export function spawnNodeShell(dataDir: string, options: NodeShellOptions): Program {
  const { agent = false, anyAgent = true, allowOrigins = [], allowRanges = [], flags = [] } = options;
  return new Program(
    [
      process.execPath,
      "--disable-warning=ExperimentalWarning",
      // As scripts/start.sh has it.
      "--max-semi-space-size=2",
      join(project, "worker-agent/cli/start.ts"),
      ...["--port", "0", "--data-dir", dataDir],
      ...(agent ? [] : ["--no-agent"]),
      ...(anyAgent ? ["--any-agent"] : []),
      ...allowOrigins.flatMap((origin) => ["--allow-origin", origin]),
      ...allowRanges.flatMap((range) => ["--allow-range", range]),
      ...flags,
    ],
    {
      cwd: project,
      env: {
        PORT: undefined,
        HOST: undefined,
        LONGSHORE_DATA_DIR: undefined,
        NODE_COMPILE_CACHE: join(project, "node_modules/.cache/node"),
      },
    },
  );
}

export async function startNodeShell(options: NodeShellOptions = {}): Promise<NodeShell> {
  const dataDir = options.dataDir ?? temporaryFolder();
  const start = async () => {
    const program = spawnNodeShell(dataDir, options);
    try {
      const [origin = ""] = await program.line(/http:\/\/localhost:\d+/, startMs);
      return { program, origin };
    } catch (error) {
      await program.kill();
      throw error;
    }
  };
  let running = await start();
  return {
    dataDir,
    get program() {
      return running.program;
    },
    get origin() {
      return running.origin;
    },
    output: () => running.program.output(),
    restart: async (how) => {
      await running.program[how]();
      running = await start();
    },
    stop: async () => {
      const { code, signal } = await running.program.stop();
      const output = running.program.output();
      removeFolder(dataDir);
      if (code !== 0) throw new Error(`The server ended with ${signal ?? code}, within ${stopMs} ms:\n${output}`);
    },
  };
}
