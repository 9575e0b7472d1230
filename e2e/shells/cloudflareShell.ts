// The Cloudflare shell: the built Worker in workerd, with an S3 bucket beside it.

import { copyFileSync, mkdirSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { type Bucket, startBucket } from "./bucket.ts";
import { type Heap, openHeap } from "./heap.ts";
import { project, type Shell } from "./shell.ts";
import { removeFolder, temporaryFolder } from "./temporary.ts";
import { startWorkerd } from "./workerd.ts";

export interface CloudflareShell extends Shell {
  /** How many queues are awake: workerd closes a Durable Object's database when it puts it to sleep. Linux only. */
  awake(): number;
  readonly bucket: Bucket;
  readonly secrets: readonly string[];
  /** What the Worker holds, if it was started to be inspected. */
  heap(): Promise<Heap>;
  readonly pid: number;
}

export interface CloudflareShellOptions {
  readonly inspect?: boolean;
  /** What the Worker is configured with beside its secrets and its bucket. */
  readonly settings?: Readonly<Record<string, string>>;
}

export async function startCloudflareShell(options: CloudflareShellOptions = {}): Promise<CloudflareShell> {
  const { inspect = false, settings = {} } = options;
  const folder = temporaryFolder();
  const bucket = await startBucket();
  const objects = join(folder, "objects");
  mkdirSync(objects);
  // Its own copy: a build that runs meanwhile changes nothing.
  copyFileSync(join(project, "dist/worker/worker.js"), join(folder, "worker.js"));
  const queueSecret = crypto.randomUUID();
  const start = () =>
    startWorkerd({
      folder,
      objects,
      inspect,
      page: join(project, "dist/web"),
      bindings: {
        QUEUE_SECRET: queueSecret,
        S3_BUCKET: bucket.name,
        S3_REGION: "us-east-1",
        S3_ENDPOINT: bucket.endpoint,
        S3_ACCESS_KEY_ID: bucket.accessKeyId,
        S3_SECRET_ACCESS_KEY: bucket.secretAccessKey,
        ...settings,
      },
    });
  let running = await start();
  return {
    bucket,
    secrets: [queueSecret, bucket.secretAccessKey],
    awake: () => openFiles(running.program.pid).filter((file) => /[0-9a-f]{64}\.sqlite$/.test(file)).length,
    heap: () => openHeap(running.program),
    get origin() {
      return running.origin;
    },
    get pid() {
      return running.program.pid;
    },
    output: () => running.program.output(),
    restart: async (how) => {
      await running.program[how]();
      running = await start();
    },
    stop: async () => {
      await running.program.stop();
      await bucket.stop();
      removeFolder(folder);
    },
  };
}

function openFiles(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(join(folder, name))];
    } catch {
      // Closed since it was listed.
      return [];
    }
  });
}
