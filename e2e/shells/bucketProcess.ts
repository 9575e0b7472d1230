// The tests' S3 server as a process that stands back for what is measured beside it, as a store on another machine would.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as v from "valibot";

const Where = v.object({
  endpoint: v.string(),
  name: v.string(),
  accessKeyId: v.string(),
  secretAccessKey: v.string(),
});

export interface BucketProcess extends v.InferOutput<typeof Where> {
  readonly pid: number;
  stop(): Promise<void>;
}

const niceness = 10;

export async function startBucketProcess(): Promise<BucketProcess> {
  const program = fileURLToPath(new URL("bucketProgram.ts", import.meta.url));
  const args = ["--disable-warning=ExperimentalWarning", program];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    ended.then(([code]) => Promise.reject(new Error(`The bucket's server ended with ${String(code)}.`))),
  ]);
  const { pid } = child;
  if (pid === undefined) throw new Error("The bucket's server has no process.");
  setPriority(pid, niceness);
  return {
    ...v.parse(Where, JSON.parse(String(line[0]))),
    pid,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
