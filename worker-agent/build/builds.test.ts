// Jobs that build their image, on a real engine with a real edge.

import { createSocket } from "node:dgram";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import tar from "tar-stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agentIdOf } from "../../wire/agentId.ts";
import type { Job } from "../../wire/job.ts";
import { Engine } from "../docker/engine.ts";
import { tarOf } from "../docker/tar.ts";
import { buildPile } from "../housekeeping/buildPile.ts";
import { ImageRecords } from "../images/records.ts";
import { docker } from "../testEngine.ts";
import { logText, type Stack, until } from "../testStack.ts";
import { systemWorld } from "../world.ts";
import { startBuilder, type TestBuilder } from "./testBuilder.ts";
import { rawFrames } from "./testFrames.ts";
import type { TestGit } from "./testGit.ts";

const from = "FROM longshore/shell";
const never = new AbortController().signal;
let builder: TestBuilder;
let stack: Stack;
let git: TestGit;
let folder: string;
/** Served by an agent that trusts it no further than one image. */
const foreign = `foreign-${crypto.randomUUID()}`;

beforeAll(async () => {
  const variables = new Map([
    ["PIP_INDEX_URL", "http://index.example.org"],
    ["HTTPS_PROXY", "http://proxy.example.org"],
  ]);
  folder = await mkdtemp(join(tmpdir(), "longshore-ca-"));
  const certificates = join(folder, "ca.pem");
  await writeFile(certificates, "the host's certificates\n");
  builder = await startBuilder({ variables, certificates });
  ({ stack, git } = builder);
  const dataDir = await stack.folder();
  await builder.another({ queues: [foreign], dataDir, trusted: false, allowImages: ["longshore/shell"] });
});

afterAll(async () => {
  await builder.close();
  await rm(folder, { recursive: true });
});

describe("a Dockerfile in the definition", () => {
  test("is built once for all jobs that wait, and all of them see how", async () => {
    const dockerfile = `${from}\nRUN cat /proc/sys/kernel/random/uuid >/made && echo building >&2\nCMD cat /made`;
    const first = await Promise.all([1, 2].map(() => builder.built({ dockerfile })));
    const later = await builder.built({ dockerfile });
    const made = [...first, later].map((result) => result.logs.at(-1)?.[0]);
    expect(made[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(made).size).toBe(1);
    for (const result of first)
      expect(logText(result)).toMatch(
        /Step 1\/3: FROM longshore\/shell\nStep 2\/3: RUN cat .*\nbuilding\nStep 3\/3: CMD/,
      );
    expect(logText(later)).toBe(made[0]);
    expect(later.image).toEqual({ id: first[0]?.image?.id });
  });

  test("has arguments, a stage to end with, and what this host's operator gives", async () => {
    const dockerfile = `${from} AS one\nARG A\nRUN echo "$A $PIP_INDEX_URL $HTTPS_PROXY" >/a; cat $SSL_CERT_FILE >>/a\nFROM longshore/shell\nRUN false`;
    const result = await builder.built({ dockerfile, target: "one", buildArgs: ["A=x y"] }, { command: "cat /a; env" });
    expect(result.logs.map(([text]) => text)).toEqual(
      expect.arrayContaining(["x y http://index.example.org http://proxy.example.org", "the host's certificates"]),
    );
    expect(logText(result)).not.toMatch(/PIP_INDEX_URL=|SSL_CERT_FILE=/);
  });

  test("begins with nothing that another queue made, and its image is no other queue's", async () => {
    const dockerfile = `${from}\nRUN cat /proc/sys/kernel/random/uuid >/made`;
    const queues = [stack.queue, foreign];
    const results = [];
    for (const queue of queues)
      results.push(await stack.run({ image: undefined, build: { dockerfile }, command: "cat /made" }, queue));
    expect(new Set(results.map((result) => result.logs.at(-1)?.[0])).size).toBe(2);
    const id = String(results[0]?.image?.id).replace("sha256:", "");
    const thief = await stack.finished(await stack.submit({ image: id, command: "cat /made" }, foreign), foreign);
    expect(thief.finished?.result?.error).toMatch(/was built for another queue/);
    const heir = await stack.submit({ image: undefined, build: { dockerfile: `FROM ${id}` } }, foreign);
    expect((await stack.finished(heir, foreign)).finished?.result?.error).toMatch(/was built for another queue/);
  });

  test("has steps that are limited and reach neither this host nor its neighbours", async () => {
    const dockerfile = `${from}\nRUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null >/a; \
      for i in $(seq 200); do cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null >/b; grep -q max /b || break; sleep 0.1; done; \
      for host in 169.254.169.254 10.0.0.1 $(ip route | sed -n "s/default via \\([0-9.]*\\).*/\\1/p"); do nc -w 2 $host 80 2>>/c; done; true\nCMD cat /a /b /c`;
    const text = logText(await builder.built({ dockerfile }));
    expect(text.split("\n")).toEqual(expect.arrayContaining([String(1024 ** 3), "1024"]));
    expect(text.match(/Network is unreachable|No route to host|Host is unreachable/g)).toHaveLength(3);
  });

  test("has steps whose raw frames reach this host as little", async () => {
    const socket = createSocket("udp4");
    const heard: string[] = [];
    socket.on("message", (_bytes, { address }) => heard.push(address));
    await new Promise<void>((resolve) => socket.bind(0, "0.0.0.0", resolve));
    const own = Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).filter(({ family }) => family === "IPv4"),
    );
    const targets = own.map(({ address }) => address).filter((address) => !address.startsWith("127."));
    const dockerfile = `FROM longshore/python\nCOPY <<'raw.py' /raw.py\n${rawFrames(socket.address().port, targets)}raw.py\nRUN python3 /raw.py`;
    // A fresh name, or a build of an earlier run would do.
    const text = logText(
      await builder.built({ dockerfile, buildArgs: [`RUN=${crypto.randomUUID()}`] }, { command: "true" }),
    );
    expect(text).toContain(`sent ${targets.length + 1} frames`);
    socket.close();
    expect(heard).toEqual([]);
  });

  test("stops being built when nobody waits any more", async () => {
    const mark = crypto.randomUUID();
    const dockerfile = `${from}\nENV MARK=${mark}\nRUN sleep 100`;
    const id = await stack.submit({ image: undefined, build: { dockerfile } });
    const steps = async () => {
      const all = await docker("ps", "--no-trunc", "--format", "{{.ID}} {{.Command}}");
      const sleeping = all.filter((line) => line.includes("sleep 100")).map((line) => line.split(" ")[0] ?? "");
      const envs = await Promise.all(
        sleeping.map((step) => docker("inspect", "--format", "{{.Config.Env}}", step).catch(() => [])),
      );
      return envs.flat().filter((env) => env.includes(mark));
    };
    await until("the step runs", steps, (found) => found.length === 1);
    await until(
      "its progress is seen",
      () => stack.job(id),
      (job: Job | null) => job?.progress?.amount?.unit === "steps",
    );
    expect((await stack.job(id))?.progress).toMatchObject({ phase: "image", amount: { done: 2, total: 3 } });
    await stack.cancel(id);
    await until("the step has ended", steps, (found) => found.length === 0);
  });
});

describe("a build that can't be", () => {
  test.each<readonly [string, () => object, RegExp]>([
    [
      "no repository",
      () => ({ context: `${git.origin}/o/none.git` }),
      /There is no git repository .*\/o\/none\.git: check its name/,
    ],
    [
      "an unknown branch",
      () => ({ context: `${git.origin}/o/r.git/tree/nope` }),
      /has no branch or tag "nope"\. It has .*main/,
    ],
    [
      "an unknown commit",
      () => ({ context: `${git.origin}/o/r.git/commit/${"a".repeat(40)}` }),
      /has no commit a{40} on any branch/,
    ],
    ["an unknown folder", () => ({ context: `${git.origin}/o/r.git/tree/main/nope` }), /has no folder "nope"/],
    [
      "no Dockerfile",
      () => ({ context: `${git.origin}/o/r.git`, filename: "Nope" }),
      /There is no Nope in .*There is .*Dockerfile.*`filename`/,
    ],
    ["nobody who answers", () => ({ context: "http://127.0.0.1:1/o/r.git" }), /could not be reached/],
    ["no archive", () => ({ context: `${git.origin}/page` }), /is no archive/],
    ["too large a context", () => ({ context: `${git.origin}/large.tar` }), /context is larger than 2 GiB.*inputs/],
    [
      "a missing file to copy",
      () => ({ dockerfile: `${from}\nCOPY nope /x` }),
      /failed at step 2 of 2, "COPY nope \/x": .*nope/,
    ],
    [
      "a step that fails",
      () => ({ dockerfile: `${from}\nRUN echo why; exit 3` }),
      /failed at step 2 of 2, "RUN echo why; exit 3": its command ended with 3/,
    ],
    [
      "an unknown image",
      () => ({ dockerfile: "FROM localhost:1/none" }),
      /The image "localhost:1\/none" .*no registry/,
    ],
    ["an unknown stage", () => ({ dockerfile: from, target: "nope" }), /no stage of the name/],
    ["an instruction that is none", () => ({ dockerfile: `${from}\nRNU x` }), /Line 2 .*no instruction/],
    [
      "another platform",
      () => ({ dockerfile: from, platform: "linux/s390x" }),
      /is for linux\/s390x, and this agent's machine/,
    ],
    ["an argument without a value", () => ({ dockerfile: from, buildArgs: ["A"] }), /"A" has no value/],
  ])("%s is an Error that says what to do", async (_what, build, says) => {
    // Only an archive's head: what it announces is enough.
    const large = tar.pack();
    large.entry({ name: "data", size: 3 * 1024 ** 3 });
    git.serve("/large.tar", Buffer.from(large.read(512) ?? ""));
    git.serve("/page", Buffer.from("<html>".padEnd(600)));
    if (
      says.source.includes("r.git") ||
      says.source.includes("branch") ||
      says.source.includes("folder") ||
      says.source.includes("Nope")
    )
      await git.commit("o/r.git", "main", { Dockerfile: `${from}\nCMD true`, [crypto.randomUUID()]: "x" });
    expect(await builder.failed(build())).toMatch(says);
  });
});

test("what builds leave goes after its time: steps of a failed one, and images that nobody used", async () => {
  await builder.failed({ dockerfile: `${from}\nRUN true\nRUN false` });
  await builder.built({ dockerfile: `${from}\nRUN true\nCMD true` });
  const left = () => docker("images", "-q", "--filter", `label=longshore.build.agent=${builder.agent}`);
  const records = await ImageRecords.open(await stack.folder(), systemWorld);
  const sweep = async (days: number) => {
    const now = () => Date.now() + days * 86_400_000;
    const { spares } = await buildPile({ engine: new Engine(), agent: builder.agent, records, now }, never);
    for (const { remove } of spares) await remove(never);
  };
  expect((await left()).length).toBeGreaterThan(1);
  await sweep(0);
  expect((await left()).length).toBeGreaterThan(1);
  await until(
    "nothing is left, also not what steps were made from",
    async () => {
      await sweep(2);
      return await left();
    },
    (ids) => ids.length === 0,
  );
});

test("what a killed agent had made for a build goes when it starts again", async () => {
  const secret = crypto.randomUUID().repeat(2);
  const labels = { "longshore.build.agent": agentIdOf(secret) };
  const tag = `extras-${crypto.randomUUID()}`;
  const engine = new Engine();
  await engine.images.import("longshore/build", tag, tarOf([{ name: "x", mode: 0o644, content: Buffer.from(tag) }]), {
    labels,
  });
  await builder.another({ queues: [`again-${tag}`], dataDir: await stack.folder(), secret });
  expect(await engine.images.find(`longshore/build:${tag}`)).toBeUndefined();
});

test("a foreign queue builds on nothing that is private", async () => {
  for (const dockerfile of ["FROM longshore/python", "FROM scratch\nCOPY --from=longshore/python / /"]) {
    const job = await stack.finished(await stack.submit({ image: undefined, build: { dockerfile } }, foreign), foreign);
    expect(job.finished?.result?.error).toMatch(/longshore\/python" is on the agent's machine but may be private/);
  }
});
