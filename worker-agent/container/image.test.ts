// The agent's image, built on a base that is made of this machine's own files, since no registry may be there.

import { execFile } from "node:child_process";
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { removeBuilt } from "../build/testBuilder.ts";
import { startGit, type TestGit } from "../build/testGit.ts";
import { docker, leftOf } from "../testEngine.ts";
import { type Stack, startStack, until } from "../testStack.ts";

const run = promisify(execFile);
const root = new URL("../..", import.meta.url).pathname;
const socket = "/var/run/docker.sock";
/** The user of the image. */
const user = 10_001;
const id = crypto.randomUUID().slice(0, 8);
const [base, image] = [`longshore-agent-test/base-${id}`, `longshore-agent-test/agent-${id}`];

let stack: Stack;
let git: TestGit;
let work: string;

beforeAll(async () => {
  [stack, git] = await Promise.all([startStack(), startGit()]);
  work = await mkdtemp(join(tmpdir(), "longshore-image-"));
  await makeBase();
  await run(process.execPath, [join(root, "worker-agent/container/bundle.ts")]);
  await docker(
    "build",
    "-q",
    "--network",
    "none",
    "--tag",
    image,
    "--build-arg",
    `BASE=${base}`,
    join(root, "dist/agent"),
  );
});

afterAll(async () => {
  await docker("rmi", "-f", image, base);
  await rm(work, { recursive: true });
  await stack.close();
  await git.close();
});

/** Node, a shell, `ip` and git, with the libraries that they need. */
async function makeBase(): Promise<void> {
  const files = join(work, "base");
  const { stdout: ip } = await run("sh", ["-c", "PATH=$PATH:/sbin:/usr/sbin command -v ip"]);
  await put(process.execPath, join(files, "usr/bin/node"));
  await put("/bin/sh", join(files, "bin/sh"));
  await put(ip.trim(), join(files, "sbin/ip"));
  const { stdout: gitPrograms } = await run("git", ["--exec-path"]);
  await put("/usr/bin/git", join(files, "usr/bin/git"));
  await put(join(gitPrograms.trim(), "git-remote-http"), join(files, gitPrograms.trim(), "git-remote-http"));
  await mkdir(join(files, "tmp"));
  await chmod(join(files, "tmp"), 0o1777);
  await docker("import", await archive(files), base);

  async function put(from: string, to: string): Promise<void> {
    await mkdir(dirname(to), { recursive: true });
    await cp(from, to, { dereference: true });
    const { stdout } = await run("ldd", [from]).catch(() => ({ stdout: "" }));
    for (const [library = ""] of stdout.matchAll(/\/\S+\.so\S*/g)) {
      await mkdir(join(files, dirname(library)), { recursive: true });
      await cp(library, join(files, library), { dereference: true });
    }
  }
}

async function archive(folder: string): Promise<string> {
  const path = join(work, `${basename(folder)}.tar`);
  await run("tar", ["-c", "--numeric-owner", "--owner=0", "--group=0", "-f", path, "-C", folder, "."]);
  return path;
}

async function startAgent(dataDir: string, mountedAt: string): Promise<string> {
  await mkdir(dataDir, { recursive: true });
  await chown(dataDir, user, user);
  const { gid } = await stat(socket);
  const [container = ""] = await docker(
    ...["run", "-d", "--network", "host", "--group-add", String(gid)],
    ...["-v", `${socket}:${socket}`, "-v", `${dataDir}:${mountedAt}`],
    ...["-e", `LONGSHORE_QUEUES=${stack.queue}`, "-e", `LONGSHORE_API=${stack.api}`],
    ...["-e", `LONGSHORE_AGENT_DATA_DIR=${mountedAt}`, "-e", "LONGSHORE_TRUST=true", "-e", "LONGSHORE_HEALTH_PORT=0"],
    ...["-e", "LONGSHORE_ALLOW_RANGES=127.0.0.1/32"],
    image,
  );
  return container;
}

async function logOf(container: string): Promise<string> {
  const { stdout, stderr } = await run("docker", ["logs", container]);
  return stdout + stderr;
}

describe("the image", () => {
  test("runs jobs without root, drains at a stop, and adds little to its base", async () => {
    const dataDir = join(work, "data");
    const container = await startAgent(dataDir, dataDir);
    try {
      const result = await stack.run({
        command: "cp /inputs/a /outputs/b; id -u",
        inputs: { a: { type: "utf8", value: "through" } },
      });
      expect(result.StatusCode).toBe(0);
      expect(Object.keys(result.outputs)).toEqual(["b"]);
      expect(await docker("inspect", "-f", "{{.Config.User}}", container)).toEqual([String(user)]);
      expect((await stat(join(dataDir, "secret"))).uid).toBe(user);
      await git.commit("o/r.git", "main", {
        Dockerfile: "FROM longshore/shell\nCOPY name /\nCMD cat /name",
        name: "built",
      });
      const built = await stack.run({ image: undefined, build: { context: `${git.origin}/o/r.git` } });
      expect(built.logs.at(-1)?.[0]).toBe("built");
      const [shown = ""] = await docker("exec", container, "node", "/longshore/longshore.mjs", "agent", "status");
      expect(shown).toMatch(/^Longshore agent /);
      await docker("stop", "-t", "30", container);
      expect(await docker("inspect", "-f", "{{.State.ExitCode}}", container)).toEqual(["0"]);
      const agent = /"agent":"([0-9a-f]{64})"/.exec(await logOf(container))?.[1] ?? "";
      await removeBuilt(agent);
      expect(await leftOf(agent)).toEqual([]);
      const [bytes, baseBytes] = await docker("inspect", "-f", "{{.Size}}", image, base);
      expect(Number(bytes) - Number(baseBytes)).toBeLessThan(5_000_000);
    } finally {
      await docker("rm", "-f", container);
    }
  });

  test("says so where its data folder is at another path than the engine's", async () => {
    const container = await startAgent(join(work, "elsewhere"), "/data");
    try {
      await until(
        "it has ended",
        () => docker("inspect", "-f", "{{.State.ExitCode}} {{.State.Status}}", container),
        ([state]) => state === "1 exited",
      );
      expect(await logOf(container)).toMatch(/does not see this agent's data folder at \/data.*-v \/data:\/data/);
    } finally {
      await docker("rm", "-f", container);
    }
  });
});

test("the compose file gives the engine's socket and one path on both sides", async () => {
  const text = await readFile(join(root, "worker-agent/container/compose.yaml"), "utf8");
  expect(text).toContain(`- ${socket}:${socket}`);
  expect(text).toContain("- /var/lib/longshore/agent:/var/lib/longshore/agent");
});
