// workerd with one Worker: its configuration, its start on a free port, its end.

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as v from "valibot";
import { startMs, workerdStopMs } from "../limits.ts";
import { Program } from "./program.ts";

const { default: workerd } = v.parse(v.object({ default: v.string() }), createRequire(import.meta.url)("workerd"));

export interface WorkerdOptions {
  /** Holds worker.js, and gets the configuration. */
  readonly folder: string;
  readonly bindings: Readonly<Record<string, string>>;
  /** The built page, served to the Worker as ASSETS. */
  readonly page?: string;
  /** Where the Durable Objects of class QueueObject are kept, bound as QUEUES. */
  readonly objects?: string;
  /** Where it listens for a debugger is then told on the control pipe. */
  readonly inspect?: boolean;
}

export async function startWorkerd(options: WorkerdOptions): Promise<{ program: Program; origin: string }> {
  const file = join(options.folder, "workerd.capnp");
  writeFileSync(file, configuration(options));
  const inspector = options.inspect ? ["--inspector-addr=127.0.0.1:0"] : [];
  const program = new Program([workerd, "serve", file, "--control-fd=3", ...inspector], { killAfterMs: workerdStopMs });
  try {
    const port = await program.control.find("the port that workerd listens on", portOf, { limitMs: startMs });
    return { program, origin: `http://127.0.0.1:${port}` };
  } catch (error) {
    await program.kill();
    throw error;
  }
}

const Listening = v.object({ event: v.literal("listen"), socket: v.literal("http"), port: v.number() });

function portOf(line: string): number | undefined {
  const parsed = v.safeParse(Listening, JSON.parse(line));
  return parsed.success ? parsed.output.port : undefined;
}

function configuration({ bindings, page, objects }: WorkerdOptions): string {
  const text = JSON.stringify;
  const given = Object.entries(bindings).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`);
  const services = [
    `(name = "app", worker = .app)`,
    // Its S3 is on this machine.
    `(name = "internet", network = (allow = ["public", "private", "local"]))`,
  ];
  const worker = [`modules = [(name = "worker", esModule = embed "worker.js")]`, `compatibilityDate = "2026-10-01"`];
  if (page !== undefined) {
    services.push(`(name = "page", disk = (path = ${text(page)}))`);
    given.push(`(name = "ASSETS", service = "page")`);
  }
  if (objects !== undefined) {
    services.push(`(name = "objects", disk = (path = ${text(objects)}, writable = true))`);
    given.push(`(name = "QUEUES", durableObjectNamespace = "QueueObject")`);
    worker.push(
      `durableObjectNamespaces = [(className = "QueueObject", uniqueKey = "queues", enableSql = true)]`,
      `durableObjectStorage = (localDisk = "objects")`,
    );
  }
  worker.push(`bindings = [${given.join(", ")}]`);
  // A small young generation, as `npm start` gives Node; on Cloudflare the platform chooses.
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${services.join(", ")}],
  v8Flags = ["--max-semi-space-size=2"],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "app")],
);
const app :Workerd.Worker = (${worker.join(", ")});
`;
}
