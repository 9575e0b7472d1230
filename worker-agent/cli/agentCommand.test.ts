// Each flag and each variable, and what the agent is started with.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { queueNameOfKey } from "../../wire/keyedQueue.ts";
import { agentCommand } from "./agentCommand.ts";
import type { AgentSettings } from "./agentSettings.ts";
import { forgetEmptyVariables, usualArgs, variableFor } from "./setting.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

type Variables = Readonly<Record<string, string>>;

async function settings(args: readonly string[], variables: Variables = {}): Promise<AgentSettings> {
  for (const name of Object.keys(process.env))
    if (/^(LONGSHORE|METAPAGE_IO_WORKER)_/.test(name)) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  forgetEmptyVariables();
  const found = Promise.withResolvers<AgentSettings>();
  const command = agentCommand(async (said) => found.resolve(said)).exitOverride();
  command.configureOutput({ outputError: () => {} });
  await command.parseAsync(usualArgs(args), { from: "user" });
  return await found.promise;
}

const minute = 60_000;
const GiB = 1024 ** 3;

describe("what is said about the agent", () => {
  test.each<readonly [string, readonly string[], Variables, object]>([
    ["queues, of which several are served", ["q", "r", "q"], {}, { queues: ["q", "r"] }],
    ["LONGSHORE_QUEUES", [], { LONGSHORE_QUEUES: "q, r" }, { queues: ["q", "r"] }],
    ["METAPAGE_IO_WORKER_QUEUE", [], { METAPAGE_IO_WORKER_QUEUE: "q" }, { queues: ["q"] }],
    ["METAPAGE_IO_WORKER_QUEUE_ID", [], { METAPAGE_IO_WORKER_QUEUE_ID: "q" }, { queues: ["q"] }],
    ["queues on the command line win", ["q"], { LONGSHORE_QUEUES: "r" }, { queues: ["q"] }],

    ["no --api", ["q"], {}, { api: "http://localhost:8000" }],
    ["--api, of which the origin counts", ["q", "--api", "https://a.example/x/"], {}, { api: "https://a.example" }],
    ["-a", ["q", "-a", "https://a.example"], {}, { api: "https://a.example" }],
    ["--api-address", ["q", "--api-address=https://a.example/"], {}, { api: "https://a.example" }],
    ["LONGSHORE_API", ["q"], { LONGSHORE_API: "https://a.example" }, { api: "https://a.example" }],
    [
      "METAPAGE_IO_WORKER_API_ADDRESS",
      ["q"],
      { METAPAGE_IO_WORKER_API_ADDRESS: "https://a.example/" },
      { api: "https://a.example" },
    ],
    [
      "our variable before another's",
      ["q"],
      { LONGSHORE_API: "https://a.example", METAPAGE_IO_WORKER_API_ADDRESS: "https://b.example" },
      { api: "https://a.example" },
    ],
    [
      "an empty variable, as none",
      ["q"],
      { LONGSHORE_API: "", METAPAGE_IO_WORKER_API_ADDRESS: "https://b.example" },
      { api: "https://b.example" },
    ],
    ["a flag before a variable", ["q", "-a", "http://c"], { LONGSHORE_API: "http://a" }, { api: "http://c" }],

    ["no --data-dir", ["q"], {}, { dataDir: `${homedir()}/.longshore/agent` }],
    ["--data-dir", ["q", "--data-dir", "/d"], {}, { dataDir: "/d" }],
    ["-d", ["q", "-d", "/d"], {}, { dataDir: "/d" }],
    ["--data-directory", ["q", "--data-directory", "/d"], {}, { dataDir: "/d" }],
    ["LONGSHORE_AGENT_DATA_DIR", ["q"], { LONGSHORE_AGENT_DATA_DIR: "/d" }, { dataDir: "/d" }],

    ["no --name", ["q"], {}, { name: hostname() }],
    ["--name", ["q", "--name", "n"], {}, { name: "n" }],
    ["--id", ["q", "--id=n"], {}, { name: "n" }],
    ["LONGSHORE_NAME", ["q"], { LONGSHORE_NAME: "n" }, { name: "n" }],

    ["no --new-identity", ["q"], {}, { newIdentity: false }],
    ["--new-identity", ["q", "--new-identity"], {}, { newIdentity: true }],
    ["LONGSHORE_NEW_IDENTITY", ["q"], { LONGSHORE_NEW_IDENTITY: "1" }, { newIdentity: true }],
    [
      "METAPAGE_IO_WORKER_GENERATE_WORKER_ID, whatever it says",
      ["q"],
      { METAPAGE_IO_WORKER_GENERATE_WORKER_ID: "x" },
      { newIdentity: true },
    ],

    ["no --trust", ["q"], {}, { trusted: false }],
    ["--trust", ["q", "--trust"], {}, { trusted: true }],
    ["LONGSHORE_TRUST", ["q"], { LONGSHORE_TRUST: "yes" }, { trusted: true }],
    ["--trust=false", ["q", "--trust=false"], { LONGSHORE_TRUST: "true" }, { trusted: false }],

    ["--key", ["q", "--key", "one,two"], {}, { keys: ["one", "two"] }],
    ["LONGSHORE_KEY", ["q"], { LONGSHORE_KEY: "one" }, { keys: ["one"] }],
    ["a key alone, which names its queue", ["--key", "one"], {}, { queues: [queueNameOfKey("one")] }],

    ["--allow-image", ["q", "--allow-image", "a/*,b", "--allow-image", "c"], {}, { allowImages: ["a/*", "b", "c"] }],
    ["LONGSHORE_ALLOW_IMAGES", ["q"], { LONGSHORE_ALLOW_IMAGES: "a" }, { allowImages: ["a"] }],
    ["no --fence", ["q"], {}, { fence: "auto" }],
    ["--fence", ["q", "--fence=required"], {}, { fence: "required" }],
    ["LONGSHORE_FENCE", ["q"], { LONGSHORE_FENCE: "off" }, { fence: "off" }],
    ["--runtime", ["q", "--runtime", "crun"], {}, { runtime: "crun" }],
    ["LONGSHORE_RUNTIME", ["q"], { LONGSHORE_RUNTIME: "runsc" }, { runtime: "runsc" }],
    ["--tools-image", ["q", "--tools-image", "t"], {}, { toolsImage: "t" }],
    ["no limits of a job", ["q"], {}, { limits: { pids: 1024, diskBytes: 50 * GiB, jobCacheBytes: 50 * GiB } }],
    [
      "--job-disk, --job-cache-size and --job-pids",
      ["q", "--job-disk", "1g", "--job-cache-size", "2g", "--job-pids", "64"],
      {},
      { limits: { pids: 64, diskBytes: GiB, jobCacheBytes: 2 * GiB } },
    ],
    ["no --parked", ["q"], {}, { parked: undefined }],
    ["--parked", ["q", "--parked", "0"], {}, { parked: 0 }],
    ["LONGSHORE_PARKED", ["q"], { LONGSHORE_PARKED: "3" }, { parked: 3 }],
    ["no --job-cache", ["q"], {}, { jobCache: "queue" }],
    ["--job-cache", ["q", "--job-cache=job"], {}, { jobCache: "job" }],
    ["no --cache-size and no --keep-free", ["q"], {}, { room: { cacheBytes: 50 * GiB, keepFreeBytes: 5 * GiB } }],
    [
      "--cache-size and LONGSHORE_KEEP_FREE",
      ["q", "--cache-size", "2g"],
      { LONGSHORE_KEEP_FREE: "1g" },
      { room: { cacheBytes: 2 * GiB, keepFreeBytes: GiB } },
    ],
    ["no --pull", ["q"], {}, { pull: "missing" }],
    ["--pull never", ["q", "--pull", "never"], {}, { pull: "never" }],
    ["--pull always", ["q", "--pull", "always"], {}, { pull: { afterMs: 0 } }],
    ["LONGSHORE_PULL", ["q"], { LONGSHORE_PULL: "1h" }, { pull: { afterMs: 60 * minute } }],
    ["no settings of builds", ["q"], {}, { builds: { variables: new Map(), limitMs: 30 * minute } }],
    [
      "--build-env, of names that are set and with values",
      ["q", "--build-env", "PIP_INDEX_URL,NOT_SET", "--build-env", "NO_PROXY=a,b"],
      { PIP_INDEX_URL: "http://index" },
      {
        builds: {
          variables: new Map([
            ["PIP_INDEX_URL", "http://index"],
            ["NO_PROXY", "a,b"],
          ]),
        },
      },
    ],
    [
      "LONGSHORE_BUILD_ENV",
      ["q"],
      { LONGSHORE_BUILD_ENV: "A", A: "1" },
      { builds: { variables: new Map([["A", "1"]]) } },
    ],
    [
      "--build-ca and LONGSHORE_BUILD_TIME",
      ["q", "--build-ca", "/etc/passwd"],
      { LONGSHORE_BUILD_TIME: "2h" },
      { builds: { certificates: "/etc/passwd", limitMs: 120 * minute } },
    ],
    ["--allow-range", ["q", "--allow-range", "10.1.0.0/16"], {}, { allowRanges: ["10.1.0.0/16"] }],
    ["LONGSHORE_ALLOW_RANGES", ["q"], { LONGSHORE_ALLOW_RANGES: "10.1.0.0/16" }, { allowRanges: ["10.1.0.0/16"] }],
  ])("%s", async (_what, args, variables, expected) => {
    expect(await settings(args, variables)).toMatchObject({ mode: "remote", agent: expected });
  });
});

describe("what is lent", () => {
  test.each<readonly [string, readonly string[], Variables, object]>([
    ["nothing said", [], {}, { slots: undefined, cpus: undefined, gpus: [], tags: [], maxDurationMs: 5 * minute }],
    ["--slots", ["--slots", "3"], {}, { slots: 3 }],
    ["LONGSHORE_SLOTS", [], { LONGSHORE_SLOTS: "3" }, { slots: 3 }],
    ["--cpus", ["--cpus", "1.5"], {}, { cpus: 1.5 }],
    ["-c", ["-c", "3"], {}, { cpus: 3 }],
    ["--cpus=3", ["--cpus=3"], {}, { cpus: 3 }],
    ["LONGSHORE_CPUS", [], { LONGSHORE_CPUS: "3" }, { cpus: 3 }],
    ["METAPAGE_IO_WORKER_CPUS", [], { METAPAGE_IO_WORKER_CPUS: "3" }, { cpus: 3 }],
    ["--memory", ["--memory", "2g"], {}, { memoryBytes: 2 * 1024 ** 3 }],
    ["LONGSHORE_MEMORY", [], { LONGSHORE_MEMORY: "512m" }, { memoryBytes: 512 * 1024 ** 2 }],
    ["--gpus", ["--gpus", "2"], {}, { gpus: ["0", "1"] }],
    ["-g", ["-g", "device=1,3"], {}, { gpus: ["1", "3"] }],
    ["LONGSHORE_GPUS", [], { LONGSHORE_GPUS: "1" }, { gpus: ["0"] }],
    ["METAPAGE_IO_WORKER_GPUS", [], { METAPAGE_IO_WORKER_GPUS: "2" }, { gpus: ["0", "1"] }],
    ["--max-job-duration", ["--max-job-duration", "1h30m"], {}, { maxDurationMs: 90 * minute }],
    ["-t", ["-t", "90s"], {}, { maxDurationMs: 1.5 * minute }],
    ["LONGSHORE_MAX_JOB_DURATION", [], { LONGSHORE_MAX_JOB_DURATION: "2m" }, { maxDurationMs: 2 * minute }],
    [
      "METAPAGE_IO_WORKER_JOB_MAX_DURATION",
      [],
      { METAPAGE_IO_WORKER_JOB_MAX_DURATION: "2m" },
      { maxDurationMs: 2 * minute },
    ],
    ["--tag", ["--tag", "a", "--tag", "b"], {}, { tags: ["a", "b"] }],
    ["LONGSHORE_TAGS", [], { LONGSHORE_TAGS: "a,b" }, { tags: ["a", "b"] }],
  ])("%s", async (_what, args, variables, capacity) => {
    expect((await settings(["q", ...args], variables)).agent).toMatchObject({ capacity });
  });
});

describe("how it runs", () => {
  test.each<readonly [string, readonly string[], Variables, object]>([
    ["nothing said", ["q"], {}, { mode: "remote", logFormat: "auto", debug: false }],
    ["--mode=local, which needs no queue", ["--mode=local"], {}, { mode: "local", port: 8000 }],
    ["-m local -p", ["-m", "local", "-p", "9000"], {}, { mode: "local", port: 9000 }],
    ["LONGSHORE_MODE and LONGSHORE_PORT", [], { LONGSHORE_MODE: "local", LONGSHORE_PORT: "9000" }, { port: 9000 }],
    [
      "METAPAGE_IO_WORKER_MODE and METAPAGE_IO_WORKER_PORT",
      ["ignored"],
      { METAPAGE_IO_WORKER_MODE: "local", METAPAGE_IO_WORKER_PORT: "9000" },
      { mode: "local", port: 9000 },
    ],
    ["local data", ["-m", "local"], {}, { dataDir: `${homedir()}/.longshore/local` }],
    ["local data elsewhere", ["-m", "local", "-d", "/d"], {}, { dataDir: "/d" }],
    ["--log-format", ["q", "--log-format", "text"], {}, { logFormat: "text" }],
    ["LONGSHORE_LOG_FORMAT", ["q"], { LONGSHORE_LOG_FORMAT: "json" }, { logFormat: "json" }],
    ["--debug", ["q", "--debug"], {}, { debug: true }],
    ["--debug=true", ["q", "--debug=true"], {}, { debug: true }],
    ["--debug true", ["--debug", "true", "q"], {}, { debug: true, agent: { queues: ["q"] } }],
    ["--debug false", ["q", "--debug", "false"], { LONGSHORE_DEBUG: "1" }, { debug: false, agent: { queues: ["q"] } }],
    ["LONGSHORE_DEBUG", ["q"], { LONGSHORE_DEBUG: "true" }, { debug: true }],
    ["METAPAGE_IO_WORKER_DEBUG", ["q"], { METAPAGE_IO_WORKER_DEBUG: "true" }, { debug: true }],
    ["--once", ["q", "--once"], {}, { agent: { maxJobs: 1 } }],
    ["LONGSHORE_ONCE", ["q"], { LONGSHORE_ONCE: "1" }, { agent: { maxJobs: 1 } }],
    ["--max-jobs", ["q", "--max-jobs", "7"], {}, { agent: { maxJobs: 7 } }],
    ["LONGSHORE_MAX_JOBS", ["q"], { LONGSHORE_MAX_JOBS: "7" }, { agent: { maxJobs: 7 } }],
    ["--idle-exit", ["q", "--idle-exit", "10m"], {}, { agent: { idleExitMs: 10 * minute } }],
    ["LONGSHORE_IDLE_EXIT", ["q"], { LONGSHORE_IDLE_EXIT: "10m" }, { agent: { idleExitMs: 10 * minute } }],
    ["no --health-port", ["q"], {}, { health: undefined }],
    ["--health-port", ["q", "--health-port", "9101"], {}, { health: { port: 9101, host: "127.0.0.1" } }],
    [
      "LONGSHORE_HEALTH_PORT and LONGSHORE_HEALTH_HOST",
      ["q"],
      { LONGSHORE_HEALTH_PORT: "9101", LONGSHORE_HEALTH_HOST: "::" },
      { health: { port: 9101, host: "::" } },
    ],
    ["METAPAGE_IO_WORKER_DEBUG=false", ["q"], { METAPAGE_IO_WORKER_DEBUG: "false" }, { debug: false }],
  ])("%s", async (_what, args, variables, expected) => {
    expect(await settings(args, variables)).toMatchObject(expected);
  });
});

describe("every flag and every variable for it say the same", () => {
  /** A value that is not the default, other names of the variable, and what must be said besides. */
  const samples: Readonly<
    Record<string, readonly [value: string, also?: readonly string[], beside?: readonly string[]]>
  > = {
    "--api": ["https://a.example", ["METAPAGE_IO_WORKER_API_ADDRESS"]],
    "--key": ["one"],
    "--key-file": ["/etc/passwd"],
    "--mode": ["local", ["METAPAGE_IO_WORKER_MODE"]],
    "--port": ["9000", ["METAPAGE_IO_WORKER_PORT"], ["--mode=local"]],
    "--proxy": ["http://u:p@proxy.example:3128"],
    "--proxy-except": ["a.example,.b.example", [], ["--proxy=http://p"]],
    "--slots": ["3"],
    "--parked": ["0"],
    "--cpus": ["3", ["METAPAGE_IO_WORKER_CPUS"]],
    "--memory": ["3g"],
    "--gpus": ["device=1,3", ["METAPAGE_IO_WORKER_GPUS"]],
    "--max-job-duration": ["1h30m", ["METAPAGE_IO_WORKER_JOB_MAX_DURATION"]],
    "--tag": ["a,b"],
    "--allow-image": ["a/*"],
    "--pull": ["always"],
    "--allow-range": ["10.0.0.0/8"],
    "--fence": ["required"],
    "--tools-image": ["t"],
    "--runtime": ["crun"],
    "--job-disk": ["3g"],
    "--job-cache-size": ["3g"],
    "--job-cache": ["job"],
    "--job-pids": ["33"],
    "--cache-size": ["3g"],
    "--keep-free": ["3g"],
    "--build-env": ["A=b"],
    "--build-ca": ["/etc/passwd"],
    "--build-time": ["3h"],
    "--trust": ["true"],
    "--once": ["true"],
    "--max-jobs": ["3"],
    "--idle-exit": ["3m"],
    "--data-dir": ["/d"],
    "--name": ["n"],
    "--new-identity": ["true", ["METAPAGE_IO_WORKER_GENERATE_WORKER_ID"]],
    "--health-port": ["9101"],
    "--health-host": ["::", [], ["--health-port=1"]],
    "--log-format": ["text"],
    "--debug": ["true", ["METAPAGE_IO_WORKER_DEBUG"]],
  };
  const options = agentCommand(async () => {}).options.filter(({ hidden }) => !hidden);

  test.each(options.map((option) => [String(option.long), option] as const))("%s", async (long, option) => {
    const [value, also = [], beside = []] = samples[long] ?? ["no sample"];
    const args = ["q", ...beside];
    const effect = async (more: readonly string[], variables: Variables) => ({
      ...(await settings([...args, ...more], variables)),
      remarks: undefined,
    });
    const byFlag = await effect(option.required ? [`${long}=${value}`] : [long], {});
    expect(byFlag).not.toEqual(await effect([], {}));
    for (const name of [variableFor(option) ?? "none", ...also])
      expect(await effect([], { [name]: value })).toEqual(byFlag);
  });
});

describe("what has no effect together", () => {
  test.each<readonly [readonly string[], Variables, readonly RegExp[]]>([
    [
      ["q", "--api=https://a.example", "--mode=local"],
      {},
      [/names of queues have no effect/, /^--api has no effect here: .*queue of its own/],
    ],
    [
      ["--mode=local"],
      { LONGSHORE_ONCE: "1", LONGSHORE_KEY: "k" },
      [/The variable for --key has/, /The variable for --once has/],
    ],
    [["q", "--port=9000"], {}, [/^--port has no effect here: only --mode=local/]],
    [["q", "--key=one"], {}, [/key is for none of the queues/]],
    [
      ["q"],
      { LONGSHORE_HEALTH_HOST: "::", LONGSHORE_MAX_JOBS: "3", LONGSHORE_ONCE: "1" },
      [/--health-host/, /--once .*--max-jobs/],
    ],
    [["--mode=local", "--trust", "--health-port=0", "--debug", "true"], {}, []],
  ])("%j is remarked where others take it, or where a variable says it", async (args, variables, says) => {
    const { remarks } = await settings(args, variables);
    expect(remarks).toEqual(says.map((sentence) => expect.stringMatching(sentence)));
  });

  test.each<readonly [readonly string[], RegExp]>([
    [["--mode=local", "--once"], /^--once has no effect here: --mode=local serves until it is stopped\.$/],
    [["--mode=local", "--max-jobs=3"], /--max-jobs/],
    [["--mode=local", "--idle-exit=3m"], /--idle-exit/],
    [["--mode=local", "--key=k"], /--key/],
    [["--mode=local", "--key-file=/etc/passwd"], /--key-file/],
    [["--mode=local", "--new-identity"], /--new-identity/],
    [["q", "--health-host=::"], /there is no --health-port/],
    [["q", "--once", "--max-jobs=3"], /--once .*--max-jobs says how many/],
  ])("%j is refused", async (args, says) => {
    await expect(settings(args)).rejects.toThrow(says);
  });
});

describe("a setting that can't be used gets a sentence", () => {
  test.each<readonly [readonly string[], RegExp]>([
    [[], /Which queue\?/],
    [["q", "--proxy", "socks5://a"], /--proxy <url>.*http:\/\/proxy/],
    [["q", "--slots", "0"], /--slots <n>.*whole number/],
    [["q", "--parked", "-1"], /--parked <n>.*from 0/],
    [["q", "--cpus", "-1"], /--cpus <n>.*above 0/],
    [["q", "--memory", "lots"], /--memory <size>.*512m or 4g/],
    [["q", "--gpus", "some"], /--gpus <which>.*device=1/],
    [["q", "--max-job-duration", "soon"], /5m or 1h30m/],
    [["q", "--mode", "both"], /remote, local/],
    [["q", "--port", "99999"], /0 to 65535/],
    [["q", "--log-format", "xml"], /auto, text, json/],
    [["q", "--allow-range", "10.0.0.1"], /no address range/],
    [["q", "--key-file", "/nowhere/key"], /--key-file can't be read/],
    [["undefined"], /can't be a queue/],
    [[`k-${"0".repeat(64)}`], /only agents with its key/],
    [["q", "--api"], /argument missing/],
  ])("%j", async (args, says) => {
    await expect(settings(args)).rejects.toThrow(says);
  });
});

test("--key-file has a key on each line", async () => {
  const folder = mkdtempSync(join(tmpdir(), "longshore-keys-"));
  try {
    writeFileSync(join(folder, "keys"), "one\n\ntwo\n");
    const path = join(folder, "keys");
    const keys = ["one", "two"];
    expect((await settings(["q", "--key-file", path])).agent).toMatchObject({ keys });
    expect((await settings(["q"], { LONGSHORE_KEY_FILE: path })).agent).toMatchObject({ keys });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("`run` is the same command, and help names every flag with its variable", async () => {
  const command = agentCommand(async () => {});
  expect(command.aliases()).toContain("run");
  const help = command.helpInformation().replaceAll(/\s+/g, " ");
  for (const option of command.options.filter(({ hidden }) => !hidden)) {
    expect(help).toContain(option.flags);
    expect(help).toMatch(new RegExp(`${option.long} [^-].*?env: LONGSHORE_`));
  }
});
