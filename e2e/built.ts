// Before tests that start real processes: the page and the Worker are built of what the sources say now.

import { execFileSync } from "node:child_process";
import { buildMs } from "./limits.ts";
import { project } from "./shells/shell.ts";

export default function build(): void {
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, {
      cwd: project,
      stdio: "inherit",
      timeout: buildMs,
      env: { ...process.env, NODE_ENV: "production" },
    });
  run("sh", "scripts/page.sh");
  run(process.execPath, "--disable-warning=ExperimentalWarning", "edge/cloudflare/build.ts");
}
