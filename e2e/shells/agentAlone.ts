// An agent alone, as on anybody's own machine: `longshore agent <queue> --api <url>`, with a data folder of its own.

import { join } from "node:path";
import { Program } from "./program.ts";
import { project } from "./shell.ts";
import { removeFolder, temporaryFolder } from "./temporary.ts";

export interface AgentAlone {
  readonly program: Program;
  stop(): Promise<void>;
}

/** Started and welcomed by the queue. It may use the images that these tests make on this machine. */
export async function startAgentAlone(origin: string, queue: string, slots = 2): Promise<AgentAlone> {
  const dataDir = temporaryFolder();
  const program = new Program(
    [
      join(project, "bin/longshore"),
      "agent",
      ...["--api", origin, "--data-dir", dataDir, "--allow-image", "longshore/*", "--slots", String(slots)],
    ],
    { env: { LONGSHORE_QUEUES: queue } },
  );
  const stop = async () => {
    await program.stop();
    removeFolder(dataDir);
  };
  try {
    await program.line(/session welcomed/);
    return { program, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
