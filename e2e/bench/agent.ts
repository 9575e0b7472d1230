// Trivial jobs of an agent, in containers of their own and in parked ones, beside `docker run --rm` and beside bare calls of
// the engine for the same: in alternation, by phase, and several at once. The ratios are what counts.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import Docker from "dockerode";
import type { JobResult } from "../../wire/result.ts";
import { idOf, QueueApi } from "../clients/queueApi.ts";
import { TestClient } from "../clients/testClient.ts";
import { until } from "../clients/until.ts";
import { containerMs } from "../limits.ts";
import { startAgentAlone } from "../shells/agentAlone.ts";
import { startNodeShell } from "../shells/nodeShell.ts";
import { alternate, median } from "./alternate.ts";
import { printHead, printRow } from "./table.ts";

const image = "longshore/shell";
const budget = { rounds: 15, budgetMs: 90_000 };
const warmUps = 3;
const atOnce = [1, 2, 4, 8];
const docker = new Docker();

/** A variable that no shell has: such a job is never parked, nor is the next one for it. */
const alone = { "own.container": "1" };

export async function benchAgentJobs(): Promise<void> {
  const network = `longshore-bench-${crypto.randomUUID().slice(0, 8)}`;
  await promisify(execFile)("docker", ["network", "create", network]);
  const shell = await startNodeShell();
  const api = new QueueApi(shell);
  const agent = await startAgentAlone(shell.origin, api.queue, Math.max(...atOnce));
  const client = await TestClient.connect(api);
  try {
    const jobs = new Jobs(client, api);
    printHead("Trivial jobs of an agent, submit to result in the client");
    await oneByOne(jobs, network);
    await severalAtOnce(jobs, network);
  } finally {
    await client.socket.close();
    await agent.stop();
    await shell.stop();
    await promisify(execFile)("docker", ["network", "rm", network]);
  }
}

async function oneByOne(jobs: Jobs, network: string): Promise<void> {
  const results: Record<"own" | "parked", JobResult[]> = { own: [], parked: [] };
  for (let i = 0; i < warmUps; i++) await Promise.all([jobs.run(alone), jobs.run({})]);
  const medians = await alternate(
    {
      own: () => timed(async () => results.own.push(await jobs.run(alone))),
      parked: async () => {
        await jobs.parked();
        return await timed(async () => results.parked.push(await jobs.run({})));
      },
      cli: () => timed(() => promisify(execFile)("docker", ["run", "--rm", "--network", network, image, "true"])),
      calls: () => timed(() => bareCalls(network)),
    },
    budget,
  );
  const { own, parked, cli, calls } = medians;
  const floor = `${cli.toFixed(0)} ms docker run --rm`;
  const peer = "1430 ms, 3.0 to 3.9 ×";
  printRow({ what: "in a container of its own (to reach: 0.6 ×)", value: ms(own), floor, share: own / cli, peer });
  printRow({ what: "in a parked container (to reach: 0.15 ×)", value: ms(parked), floor, share: parked / cli, peer });
  printRow({ what: "bare calls of the engine, no agent", value: ms(calls), floor, share: calls / cli });
  for (const [what, of] of Object.entries(results)) printRow({ what: `  phases, ${what}`, value: phasesOf(of) });
}

async function severalAtOnce(jobs: Jobs, network: string): Promise<void> {
  for (const count of atOnce) {
    const together = (work: () => Promise<unknown>) => () =>
      timed(() => Promise.all(Array.from({ length: count }, work)));
    const medians = await alternate(
      {
        own: together(() => jobs.run(alone)),
        slider: together(() => jobs.run({})),
        calls: together(() => bareCalls(network)),
      },
      { rounds: 5, budgetMs: 30_000 },
    );
    const rate = (spent: number) => `${((count * 1000) / spent).toFixed(1)}/s`;
    const floor = `${rate(medians.calls)} bare calls of the engine`;
    const { own, slider, calls } = medians;
    printRow({ what: `${count} at once, containers of their own`, value: rate(own), floor, share: calls / own });
    printRow({ what: `${count} at once, like the last ones`, value: rate(slider), floor, share: calls / slider });
  }
}

class Jobs {
  readonly #client: TestClient;
  readonly #api: QueueApi;

  constructor(client: TestClient, api: QueueApi) {
    this.#client = client;
    this.#api = api;
  }

  /** One new job, until its result is here. */
  async run(env: Readonly<Record<string, string>>): Promise<JobResult> {
    const definition = { image, command: "true", env: { ...env, NUMBER: crypto.randomUUID() } };
    const from = this.#client.count;
    this.#client.submit(definition);
    const id = idOf(definition);
    const job = await this.#client.job(id, "Finished", { from, limitMs: containerMs });
    const result = job.finished?.result ?? (await this.#api.result(id))?.finished?.result;
    if (result?.StatusCode !== 0) throw new Error(`The job ended as ${JSON.stringify(job)}.`);
    return result;
  }

  /** Resolves when a container waits for a job. */
  async parked(): Promise<void> {
    const [agent = ""] = Object.keys((await this.#api.status()).localWorkers);
    const filters = { label: [`longshore.agent=${agent}`, "longshore.own=parked"], name: ["-parked-"] };
    await until(
      "a container is parked",
      () => docker.listContainers({ filters }),
      (found) => found.length > 0,
      containerMs,
    );
  }
}

/** What a program would ask of the engine for the same, on a bridge of its own. */
async function bareCalls(network: string): Promise<void> {
  const HostConfig = { NetworkMode: network };
  const container = await docker.createContainer({ Image: image, Cmd: ["true"], HostConfig });
  const output = await container.attach({ stream: true, stdout: true, stderr: true });
  output.resume();
  await container.start();
  await container.wait();
  await container.remove({ v: true });
}

function phasesOf(results: readonly JobResult[]): string {
  const phases = ["inputs", "image", "run", "outputs"] as const;
  const medians = phases.map((name) => {
    const times = results.map(({ phases }) => phases?.find(({ phase }) => phase === name)?.ms ?? 0);
    return `${name} ${median(times).toFixed(0)}`;
  });
  const container = median(results.map(({ duration = 0 }) => duration));
  return `${medians.join(", ")}; its container ${container.toFixed(0)} ms`;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
