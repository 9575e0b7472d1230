// `wrangler dev`, as a developer of the Worker runs it, with an S3 bucket beside it.

import { join } from "node:path";
import { wranglerStartMs } from "../limits.ts";
import { type Bucket, startBucket } from "./bucket.ts";
import { Program } from "./program.ts";
import { project } from "./shell.ts";
import { removeFolder, temporaryFolder } from "./temporary.ts";

export async function startWranglerDev(): Promise<{
  readonly origin: string;
  readonly program: Program;
  stop(): Promise<void>;
}> {
  const folder = temporaryFolder();
  const bucket = await startBucket();
  const program = new Program(
    [
      process.execPath,
      join(project, "node_modules/wrangler/bin/wrangler.js"),
      ...["dev", "--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0"],
      ...["--persist-to", folder, "--show-interactive-dev-session=false"],
      ...Object.entries(variables(bucket)).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
    ],
    {
      cwd: project,
      // Nothing is asked of other machines.
      env: { WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false", CI: "true" },
    },
  );
  const stop = async () => {
    await program.stop();
    await bucket.stop();
    removeFolder(folder);
  };
  try {
    const [, origin = ""] = await program.line(/Ready on (http:\/\/[^\s]+)/, wranglerStartMs);
    return { origin, program, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function variables(bucket: Bucket): Record<string, string> {
  return {
    QUEUE_SECRET: crypto.randomUUID(),
    S3_BUCKET: bucket.name,
    S3_REGION: "us-east-1",
    S3_ENDPOINT: bucket.endpoint,
    S3_ACCESS_KEY_ID: bucket.accessKeyId,
    S3_SECRET_ACCESS_KEY: bucket.secretAccessKey,
  };
}
