// For the tests of this folder: an S3-compatible server as a process of its own, which ends with the test.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import * as v from "valibot";
import type { S3Settings } from "./s3Bucket.ts";

const Where = v.object({
  endpoint: v.string(),
  name: v.string(),
  accessKeyId: v.string(),
  secretAccessKey: v.string(),
});

export interface TestServer {
  readonly settings: S3Settings;
  stop(): Promise<void>;
}

/** `program` prints where its bucket is as one line of JSON, and ends with its standard input. */
async function startTestServer(...program: readonly [string, ...string[]]): Promise<TestServer> {
  const [command, ...args] = program;
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    ended.then(([code]) => Promise.reject(new Error(`${program.join(" ")} ended with ${String(code)}.`))),
  ]);
  const { endpoint, name, accessKeyId, secretAccessKey } = v.parse(Where, JSON.parse(String(line[0])));
  return {
    settings: { endpoint, bucket: name, region: "us-east-1", accessKeyId, secretAccessKey },
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

const shells = new URL("../../e2e/shells/", import.meta.url).pathname;

export function startS3rver(): Promise<TestServer> {
  return startTestServer(process.execPath, "--disable-warning=ExperimentalWarning", `${shells}bucketProgram.ts`);
}

/** A second, stricter one, which the set-up installs on Debian and Ubuntu; other systems have no packages of it. */
export const hasSwift = existsSync("/etc/debian_version");

export function startSwift(): Promise<TestServer> {
  return startTestServer(process.execPath, "--disable-warning=ExperimentalWarning", `${shells}swiftProgram.ts`);
}
