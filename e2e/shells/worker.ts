// A small Worker of a test's own, bundled and run in workerd.

import { join } from "node:path";
import { build } from "esbuild";
import { project } from "./shell.ts";
import { removeFolder, temporaryFolder } from "./temporary.ts";
import { startWorkerd } from "./workerd.ts";

export interface RunningWorker {
  readonly origin: string;
  stop(): Promise<void>;
}

/** `source` is a module that may import from the project by paths relative to its root. */
export async function startWorker(source: string): Promise<RunningWorker> {
  const folder = temporaryFolder();
  await build({
    stdin: { contents: source, resolveDir: project, loader: "ts" },
    outfile: join(folder, "worker.js"),
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    logLevel: "warning",
  });
  const { program, origin } = await startWorkerd({ folder, bindings: {} });
  return {
    origin,
    stop: async () => {
      await program.stop();
      removeFolder(folder);
    },
  };
}
