// Large uploads against a real control plane, with a bucket and with a folder.

import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { paths } from "../../wire/http.ts";
import { own } from "../../wire/ids.ts";
import { Session } from "../queue/session.ts";
import { systemWorld } from "../world.ts";
import { BlobUpload } from "./upload.ts";

const MiB = 1024 * 1024;

const edgeProgram = `
  import { startServer } from ${JSON.stringify(new URL("../../edge/node/server.ts", import.meta.url).href)};
  const [dataDir, port, s3] = process.argv.slice(1);
  const settings = { admits: "any" };
  const server = await startServer({ dataDir, port: Number(port), settings, ...JSON.parse(s3) });
  console.log(server.port);
  process.stdin.resume().once("end", () => process.exit());
`;
const bucketProgram = new URL("../../e2e/shells/bucketProgram.ts", import.meta.url).pathname;

/** A program that has printed its first line; it ends with its standard input. */
async function started(...args: readonly string[]): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`${args[0]} ended with ${code}.`)));
  });
  return { child, line };
}

/** The end of a program: asked for by the end of its input, which lets it clean up, or by a kill. */
async function ended(child: ChildProcess | undefined, how: "asked" | "killed"): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  if (how === "killed") child.kill("SIGKILL");
  else child.stdin?.end();
  await exit;
}

/** An agent's session and its uploads; it runs no jobs. */
function connect(api: string, events: string[]) {
  const closing = new AbortController();
  const session = new Session({
    api,
    queueName: `uploads-${crypto.randomUUID()}`,
    secret: crypto.randomUUID() + crypto.randomUUID(),
    version: "test",
    boot: crypto.randomUUID(),
    world: systemWorld,
    host: {
      offer: () => ({ slots: 0, cpus: 0, memoryBytes: 0, gpus: 0, tags: [], maxDurationMs: 0 }),
      holds: () => [],
      finishes: () => [],
      start: () => "It runs no jobs.",
      stop: () => {},
      answered: () => {},
    },
    log: () => {},
  });
  const running = session.run(closing.signal);
  const uploads = new BlobUpload({
    api,
    random: Math.random,
    wholeBytesMax: MiB,
    ask: async (step, signal) => {
      const outcome = await session.ask(step, signal);
      events.push(`${step.step.do}: ${outcome.is}`);
      return outcome;
    },
  });
  const close = async () => {
    closing.abort();
    await running;
  };
  return { uploads, close };
}

describe.each(["a bucket", "a folder"])("large files, where the control plane has %s,", (kind) => {
  let folder = "";
  let bucket: ChildProcess | undefined;
  let edge: ChildProcess | undefined;
  let storage = "{}";
  let api = "";
  const startEdge = async (port: string) => {
    const dataDir = join(folder, "data");
    const run = await started("--input-type=module-typescript", "-e", edgeProgram, dataDir, port, storage);
    edge = run.child;
    return run.line;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "longshore-multipart-"));
    if (kind === "a bucket") {
      const run = await started(bucketProgram);
      bucket = run.child;
      const { name, ...where } = JSON.parse(run.line);
      storage = JSON.stringify({ s3: { ...where, bucket: name, region: "us-east-1", partBytes: 5 * MiB } });
    }
    api = `http://localhost:${await startEdge("0")}`;
  });
  afterAll(async () => {
    await ended(edge, "asked");
    await ended(bucket, "asked");
    await rm(folder, { recursive: true, force: true });
  });

  const someFile = async (size: number) => {
    const bytes = randomBytes(size);
    const path = join(folder, crypto.randomUUID());
    await writeFile(path, bytes);
    const hash = own.sha256(createHash("sha256").update(bytes).digest("hex"));
    return { path, size, hash, what: "the output" };
  };
  const storedHash = async (hash: string) => {
    const digest = createHash("sha256");
    for await (const chunk of (await fetch(`${api}${paths.blob(own.sha256(hash))}`)).body ?? []) digest.update(chunk);
    return digest.digest("hex");
  };

  test("are stored, in parts where that is possible", async () => {
    const events: string[] = [];
    const { uploads, close } = connect(api, events);
    const file = await someFile(64 * MiB);
    await uploads.upload(file, AbortSignal.timeout(60_000));
    expect(await storedHash(file.hash)).toBe(file.hash);
    const inParts = ["begin: begun", "sign: signed", "sign: signed", "complete: stored"];
    expect(events).toEqual(kind === "a bucket" ? inParts : ["begin: whole"]);
    await uploads.upload(file, AbortSignal.timeout(60_000));
    expect(events.at(-1)).toBe(kind === "a bucket" ? "begin: stored" : "begin: whole");
    await close();
  });

  test("go on after the control plane was killed", async () => {
    const events: string[] = [];
    const { uploads, close } = connect(api, events);
    const file = await someFile(64 * MiB);
    const uploading = uploads.upload(file, AbortSignal.timeout(60_000));
    await expect.poll(() => events.length).toBeGreaterThan(0);
    const { port } = new URL(api);
    await ended(edge, "killed");
    await startEdge(port);
    await uploading;
    expect(await storedHash(file.hash)).toBe(file.hash);
    expect(events.filter((event) => event.startsWith("begin"))).toHaveLength(1);
    await close();
  });

  test("are given up with their job, without a rest", async () => {
    const events: string[] = [];
    const { uploads, close } = connect(api, events);
    const file = await someFile(32 * MiB);
    const job = new AbortController();
    const uploading = uploads.upload(file, job.signal);
    await expect.poll(() => events.length).toBeGreaterThan(0);
    job.abort(new Error("cancelled"));
    await expect(uploading).rejects.toThrow("cancelled");
    if (kind === "a bucket") await expect.poll(() => events).toContain("abort: aborted");
    expect((await fetch(`${api}${paths.blob(file.hash)}/exists`)).status).toBe(404);
    await close();
  });
});
