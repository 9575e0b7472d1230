// `npm run bench -- <name> [--large]`: one file for each bench, named here. Nothing gates on what they print.

import { benchAgentJobs } from "./agent.ts";
import { benchAgentFiles } from "./agentFiles.ts";
import { benchJobs } from "./jobs.ts";
import { benchKills } from "./kills.ts";
import { benchPage } from "./page.ts";
import { benchQueue } from "./queue.ts";
import { benchStores } from "./stores.ts";

export interface BenchOptions {
  /** With what takes minutes and tens of gigabytes of disk. */
  readonly large: boolean;
}

const benches: Readonly<Record<string, (options: BenchOptions) => Promise<void>>> = {
  agent: async (options) => {
    await benchAgentJobs();
    await benchAgentFiles(options);
  },
  "agent-jobs": benchAgentJobs,
  "agent-files": benchAgentFiles,
  jobs: benchJobs,
  kills: benchKills,
  page: benchPage,
  queue: benchQueue,
  stores: benchStores,
};

const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith("--"));
const unknown = args.filter((arg) => arg !== "--large" && !(arg in benches));
if (names.length === 0 || unknown.length > 0) {
  console.error(`npm run bench -- <${Object.keys(benches).join(" | ")}> [--large]`);
  process.exitCode = 2;
} else {
  for (const name of names) await benches[name]?.({ large: args.includes("--large") });
}
