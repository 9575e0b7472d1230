// Debian's registry for a test, on loopback, with a password if one is given. The engine itself puts images there.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { until } from "../testStack.ts";

const run = promisify(execFile);

export interface TestRegistry {
  /** Its host and port. */
  readonly name: string;
  /** Methods and paths of the requests so far. */
  asked(): readonly string[];
  /** Pushes an image of the engine as `<name>/<repository>`, which is not on the engine afterwards. */
  push(image: string, repository: string): Promise<void>;
  /** A folder with a config.json as `docker login` writes it. */
  readonly loginFolder: string;
  close(): Promise<void>;
}

/** htpasswd's line for the user "ann" with the password "horse". */
const account = "ann:$2b$05$gCzoyLUyHWP7YsGQV6Zeyev4z/dX2lSRocx/X3qGPRwGXRKQQ7BWC";

export async function startRegistry({ password = false } = {}): Promise<TestRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "longshore-registry-"));
  const port = await freePort();
  const name = `127.0.0.1:${port}`;
  await writeFile(join(folder, "htpasswd"), `${account}\n`);
  const auth = Buffer.from("ann:horse").toString("base64");
  await writeFile(join(folder, "config.json"), JSON.stringify({ auths: password ? { [name]: { auth } } : {} }));
  await writeFile(
    join(folder, "registry.yml"),
    `version: 0.1
log: { level: info, accesslog: { disabled: false } }
storage: { filesystem: { rootdirectory: ${folder}/data } }
http: { addr: "${name}" }
${password ? `auth: { htpasswd: { realm: test, path: ${folder}/htpasswd } }` : ""}
`,
  );
  const child = spawn("docker-registry", ["serve", join(folder, "registry.yml")], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let log = "";
  child.stdout.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  await until(
    "the registry answers",
    () => fetch(`http://${name}/v2/`).then(({ status }) => status, String),
    (status) => status === 200 || status === 401,
  );
  const docker = (...args: string[]) => run("docker", ["--config", folder, ...args]);
  return {
    name,
    asked: () => [...log.matchAll(/"(GET|HEAD) (\S+) HTTP/g)].map(([, method, path]) => `${method} ${path}`),
    loginFolder: folder,
    push: async (image, repository) => {
      const full = `${name}/${repository}`;
      await docker("tag", image, full);
      await docker("push", "-q", full);
      await docker("rmi", full);
    },
    close: async () => {
      await ended(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGKILL");
  await exit;
}
