// Git's own HTTP server for a test, on loopback, with a token if one is given; and files to be fetched.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface TestGit {
  readonly origin: string;
  /** How often something was asked for. */
  asked(path: RegExp): number;
  /** Commits these files on a branch, whose name is made if needed, and other repositories' commits as submodules. Its name. */
  commit(
    repository: string,
    branch: string,
    files: Readonly<Record<string, string>>,
    submodules?: Readonly<Record<string, string>>,
  ): Promise<string>;
  tag(repository: string, name: string): Promise<void>;
  /** Serves these bytes. */
  serve(path: string, bytes: Buffer): void;
  /** Runs a program in a folder with these files and gives what it prints. */
  packed(files: Readonly<Record<string, string>>, program: string, ...args: string[]): Promise<Buffer>;
  close(): Promise<void>;
}

/** Repositories below /private ask for this token. */
export const token = "s3cret-tok";

export async function startGit(): Promise<TestGit> {
  const root = await mkdtemp(join(tmpdir(), "longshore-git-"));
  const served = new Map<string, Buffer>();
  const log: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? "").replace(/\?.*/, "");
    log.push(path);
    const bytes = served.get(path);
    if (bytes) return void response.end(bytes);
    if (path.endsWith("/info/lfs/objects/batch")) return void answerLfs(request, response, served);
    if (path.startsWith("/away/")) return void response.writeHead(302, { location: `http://127.0.0.2:1${path}` }).end();
    const [user] = Buffer.from((request.headers.authorization ?? "").replace("Basic ", ""), "base64")
      .toString()
      .split(":");
    if (path.startsWith("/private/") && user !== token)
      return void response.writeHead(401, { "www-authenticate": "Basic" }).end();
    backend(root, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const git = (folder: string, ...args: string[]) =>
    run("git", ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.org", ...args]);
  const work = (repository: string) => join(root, "work", repository);
  const bare = (repository: string) => join(root, "served", repository);
  return {
    origin: `http://127.0.0.1:${address.port}`,
    asked: (path) => log.filter((each) => path.test(each)).length,
    commit: async (repository, branch, files, submodules = {}) => {
      const folder = work(repository);
      await mkdir(folder, { recursive: true });
      await git(folder, "init", "-q", "-b", "main");
      await git(folder, "checkout", "-q", "-B", branch);
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), text);
      }
      await git(folder, "add", "-A");
      for (const [path, commit] of Object.entries(submodules))
        await git(folder, "update-index", "--add", "--cacheinfo", `160000,${commit},${path}`);
      await git(folder, "commit", "-q", "-m", branch);
      await mkdir(bare(repository), { recursive: true });
      await run("git", ["init", "-q", "--bare", "-b", "main", bare(repository)]);
      await git(folder, "push", "-q", "-f", bare(repository), branch);
      return (await git(folder, "rev-parse", "HEAD")).stdout.trim();
    },
    tag: async (repository, name) => {
      await git(work(repository), "tag", "-a", "-m", name, name);
      await git(work(repository), "push", "-q", bare(repository), name);
    },
    serve: (path, bytes) => {
      served.set(path, bytes);
    },
    packed: async (files, program, ...args) => {
      const folder = await mkdtemp(join(root, "pack-"));
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), text);
      }
      return (await run(program, args, { cwd: folder, encoding: "buffer" })).stdout;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** An LFS server, of what is served below /lfs/. */
async function answerLfs(
  request: IncomingMessage,
  response: ServerResponse,
  served: ReadonlyMap<string, Buffer>,
): Promise<void> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const objects = [...text.matchAll(/"oid":"([0-9a-f]{64})"/g)].map(([, oid = ""]) => {
    const download = { href: `http://${request.headers.host}/lfs/${oid}`, header: { "x-lfs": "yes" } };
    return served.has(`/lfs/${oid}`)
      ? { oid, actions: { download } }
      : { oid, error: { code: 404, message: "not here" } };
  });
  response.setHeader("content-type", "application/vnd.git-lfs+json");
  response.end(JSON.stringify({ objects }));
}

/** `git http-backend` is a CGI program: its answer begins with headers. */
function backend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const [path = "", query = ""] = (request.url ?? "").split("?");
  const child: ChildProcess = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: join(root, "served"),
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: path,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: String(request.headers["content-encoding"] ?? ""),
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  if (child.stdin) request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.once("close", () => {
    const bytes = Buffer.concat(chunks);
    const end = bytes.indexOf("\r\n\r\n");
    for (const line of bytes.subarray(0, end).toString().split("\r\n")) {
      const [name = "", value = ""] = line.split(": ");
      if (name === "Status") response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.end(bytes.subarray(end + 4));
  });
}
