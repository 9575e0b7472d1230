// What an agent moves for its jobs: many small outputs, large files in and out, and long logs. The agent is a process of its
// own, so that its memory is its own.

import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { checksumHeader, paths } from "../../wire/http.ts";
import type { JobResult } from "../../wire/result.ts";
import { idOf, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { TestClient } from "../clients/testClient.ts";
import { containerMs } from "../limits.ts";
import { type AgentAlone, startAgentAlone } from "../shells/agentAlone.ts";
import { startNodeShell } from "../shells/nodeShell.ts";
import { removeFolder, temporaryFolder } from "../shells/temporary.ts";
import { alternate, median, megabytesPerSecond } from "./alternate.ts";
import { newContent, send } from "./content.ts";
import { cpuMsOf, memoryOf, printHead, printRow } from "./table.ts";

const image = "longshore/shell";
const MiB = 1024 * 1024;
const piece = randomBytes(MiB);
/** What a start and a job leave is done. */
const restMs = 10_000;
const smallOutputs = "for i in $(seq 1 1000); do head -c 1024 /dev/urandom > /outputs/$i; done";
const logLines = 1_000_000;
/** 100 bytes a line with its end. */
const hundredMegabytes = ["awk", `BEGIN { for (i = 1; i <= ${logLines}; i++) printf "%099d\\n", i }`];
/** The agent's own settings for the engine's copy of a log. */
const logDriver = ["--log-driver", "json-file", "--log-opt", "max-size=80m", "--log-opt", "max-file=4"];

interface Stand {
  readonly api: QueueApi;
  readonly client: TestClient;
  readonly agent: AgentAlone;
}

/** `large`: files of 1 GiB, else of 256 MiB. */
export async function benchAgentFiles({ large }: { readonly large: boolean }): Promise<void> {
  const shell = await startNodeShell();
  const api = new QueueApi(shell);
  const agent = await startAgentAlone(shell.origin, api.queue);
  const client = await TestClient.connect(api);
  try {
    const stand = { api, client, agent };
    printHead("What an agent moves, in a process of its own");
    await atRest(stand);
    await outputs(stand);
    await logs(stand);
    await largeFiles(stand, large ? 1024 * MiB : 256 * MiB);
  } finally {
    await client.socket.close();
    await agent.stop();
    await shell.stop();
  }
}

/**
 * After its first job. Compiled code is kept when an agent ends, so the first start after a change of the code takes 15 to 25 MiB
 * more: to see an agent as it is afterwards, run this twice.
 */
async function atRest(stand: Stand): Promise<void> {
  await run(stand, { command: "true" });
  await new Promise((resolve) => setTimeout(resolve, restMs));
  printMemory("agent at rest, after a job (to reach: 90 MiB)", stand.agent);
}

async function outputs(stand: Stand): Promise<void> {
  const above = async (command: string) => {
    const { ms, result } = await run(stand, { command });
    return ms - (result.duration ?? 0);
  };
  const times = await alternate(
    { thousand: () => above(smallOutputs), none: () => above("true") },
    { rounds: 5, budgetMs: 60_000 },
  );
  printRow({
    what: "1,000 outputs of 1 KB, above the container's time",
    value: `${times.thousand.toFixed(0)} ms (to reach: 2000)`,
    floor: `${times.none.toFixed(0)} ms without outputs`,
    peer: "29 to 52 s",
  });
}

async function logs(stand: Stand): Promise<void> {
  const bytes = logLines * 100;
  const attach = ["run", "--rm", ...logDriver, image, ...hundredMegabytes];
  const times = await alternate(
    {
      ours: () => megabytesPerSecond(bytes, () => run(stand, { command: hundredMegabytes })),
      bare: () => megabytesPerSecond(bytes, () => docker(...attach)),
    },
    { rounds: 5, budgetMs: 120_000 },
  );
  printRow({
    what: "100 MB of log, submit to result (to reach: 0.9 ×)",
    value: `${times.ours.toFixed(0)} MB/s`,
    floor: `${times.bare.toFixed(0)} MB/s docker run, attached`,
    share: times.ours / times.bare,
  });
  printMemory("agent after that", stand.agent);
}

async function largeFiles(stand: Stand, size: number): Promise<void> {
  const { api } = stand;
  const rateOf = (result: JobResult, phase: string) => {
    const ms = result.phases?.find((time) => time.phase === phase)?.ms ?? Number.NaN;
    return size / 1000 / ms;
  };
  const agentMs: number[] = [];
  const rates = { outputs: Number.NaN };
  const measured = await alternate(
    {
      hash: () => megabytesPerSecond(size, async () => hashed(size)),
      disk: () => megabytesPerSecond(size, () => writeToDisk(size)),
      // The next measurement is of the same job.
      inputs: async () => {
        const content = newContent(size);
        await send(new URL(paths.blob(content.key), api.origin), content, [0, size], {
          [checksumHeader]: content.checksum,
        });
        const before = cpuMsOf(stand.agent.program.pid);
        const command = "cat /inputs/file > /outputs/file && echo x >> /outputs/file";
        const { result } = await run(stand, { command, inputs: { file: { type: "key", value: content.key } } });
        agentMs.push(cpuMsOf(stand.agent.program.pid) - before);
        rates.outputs = rateOf(result, "outputs");
        return rateOf(result, "inputs");
      },
      outputs: async () => rates.outputs,
    },
    { rounds: 3, budgetMs: 120_000 },
  );
  for (const [phase, what] of [
    ["inputs", "in"],
    ["outputs", "out"],
  ] as const) {
    printRow({
      what: `${size / MiB} MiB ${what} (to reach: 0.6 × of the slower)`,
      value: `${measured[phase].toFixed(0)} MB/s`,
      floor: `${measured.hash.toFixed(0)} MB/s hash, ${measured.disk.toFixed(0)} MB/s disk`,
      share: measured[phase] / Math.min(measured.hash, measured.disk),
    });
  }
  printRow({ what: "  agent's processor time for both", value: `${median(agentMs).toFixed(0)} ms` });
  printMemory("agent after that (to reach: 150 MiB)", stand.agent);
}

function hashed(size: number): void {
  const hash = createHash("sha256");
  for (let at = 0; at < size; at += piece.length) hash.update(piece);
  hash.digest();
}

/** Written and flushed, as a store must. */
async function writeToDisk(size: number): Promise<void> {
  const folder = temporaryFolder();
  const file = await open(join(folder, "file"), "wx");
  try {
    for (let at = 0; at < size; at += piece.length) await file.write(piece);
    await file.datasync();
  } finally {
    await file.close();
    removeFolder(folder);
  }
}

/** One new job, until its result is here, uploaded or not. */
async function run({ api, client }: Stand, job: object): Promise<{ readonly ms: number; readonly result: JobResult }> {
  const definition = uniqueDefinition({ image, env: { NUMBER: crypto.randomUUID() }, ...job });
  const id = idOf(definition);
  const begun = performance.now();
  const from = client.count;
  client.submit(definition);
  const shown = await client.job(id, "Finished", { from, limitMs: containerMs });
  const result = shown.finished?.result ?? (await api.result(id))?.finished?.result;
  const ms = performance.now() - begun;
  if (result?.StatusCode !== 0) throw new Error(`The job ended as ${JSON.stringify(shown)}.`);
  return { ms, result };
}

function printMemory(what: string, { program }: AgentAlone): void {
  const { now, peak } = memoryOf(program.pid);
  printRow({ what, value: `${now}, at most ${peak}` });
}

function docker(...args: string[]): Promise<unknown> {
  return promisify(execFile)("docker", args, { maxBuffer: 512 * MiB });
}
