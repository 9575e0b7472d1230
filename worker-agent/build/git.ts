// A git repository somewhere else, through this machine's `git`: which commit is meant, and its files as a tar. Nothing of the
// repository is ever checked out or run here, and its credential is in a file that lives as long as the call.

import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { codeOf, JobFault } from "../fault.ts";
import { type GuardOptions, shown } from "../files/guard.ts";
import { within } from "../retry.ts";
import { type Found, findCommit, refsIn } from "./gitRefs.ts";
import { GuardProxy } from "./guardProxy.ts";
import { complaintBytesMax, contextBytesMax, gitListBytesMax, gitMs } from "./limits.ts";
import type { Source } from "./source.ts";

export type GitSource = Extract<Source, { kind: "git" }>;

export interface GitOptions {
  /** A folder of this call's own. */
  readonly folder: string;
  readonly guard: GuardOptions;
  readonly newId: () => string;
  /** A file of certificates that servers' may be signed with. */
  readonly certificates: string | undefined;
}

/** @throws JobFault with a sentence. */
export async function commitOf(source: GitSource, options: GitOptions, signal: AbortSignal): Promise<Found> {
  return await withGit(source, options, signal, async (git) => {
    const list = await git(["ls-remote", "--quiet", source.url]);
    return findCommit(refsIn(list.toString("utf8")), source.point, shown(new URL(source.url)));
  });
}

/** Fetches the commit into a bare repository in the folder, and sees that it has that path; its whole name is returned. */
export async function fetchCommit(
  source: GitSource,
  { commit, folder }: Found,
  options: GitOptions,
  signal: AbortSignal,
): Promise<string> {
  return await withGit(source, options, signal, async (git) => {
    await git(["init", "--quiet", "--bare", "repository"]);
    const fetch = (...what: string[]) => git(["-C", "repository", "fetch", "--quiet", "--no-tags", ...what]);
    const address = shown(new URL(source.url));
    const name = async () => {
      const whole = (await git(["-C", "repository", "rev-parse", "--verify", `${commit}^{commit}`])).toString().trim();
      const path = folder.join("/");
      const kind = await git(["-C", "repository", "cat-file", "-t", `${whole}:${path}`]).catch(() => "nothing");
      if (kind.toString().trim() === "tree") return whole;
      throw new JobFault(`${address} has no folder ${JSON.stringify(path)} at ${commit}.`);
    };
    if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) {
      try {
        await fetch("--depth=1", source.url, commit);
        return await name();
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof GitFault) || !error.isRefusedWant) throw error;
        // Some servers give only what a branch or a tag points to.
      }
    }
    await fetch(source.url, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*");
    try {
      return await name();
    } catch (cause) {
      signal.throwIfAborted();
      if (!(cause instanceof GitFault)) throw cause;
      throw new JobFault(`${address} has no commit ${commit} on any branch or tag.`, { cause });
    }
  });
}

/** The folder's files at that commit, as a tar. */
export function treeOf(folder: string, commit: string, path: string, signal: AbortSignal): Readable {
  const child = spawn(
    "git",
    [...umask, "-C", join(folder, "repository"), "archive", "--format=tar", `${commit}:${path}`],
    {
      env: plainEnvironment(folder),
      stdio: ["ignore", "pipe", "ignore"],
      signal,
    },
  );
  // Its end is the program's, not the pipe's: half a tree is none.
  const files = new PassThrough();
  child.once("error", (error) => files.destroy(error));
  child.once("close", (code) => {
    if (code === 0) files.end();
    else files.destroy(new Error(`git archive ended with ${code}`));
  });
  files.once("close", () => child.kill());
  child.stdout.pipe(files, { end: false });
  return files;
}

/** Files have the modes that a checkout gives them. */
const umask = ["-c", "tar.umask=0022"];

/** What git said when it failed. */
class GitFault extends JobFault {
  readonly isRefusedWant: boolean;

  constructor(sentence: string, said: string) {
    super(sentence);
    this.isRefusedWant = /not our ref|unadvertised object|does not allow request|remote error: upload-pack/i.test(said);
  }
}

type Git = (args: readonly string[]) => Promise<Buffer>;

async function withGit<T>(
  source: GitSource,
  { folder, guard, newId, certificates }: GitOptions,
  signal: AbortSignal,
  work: (git: Git) => Promise<T>,
): Promise<T> {
  const proxy = await GuardProxy.open(guard, newId(), contextBytesMax);
  const store = join(folder, "credential");
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { credential } = source;
    if (credential) await writeFile(store, credentialLine(source.url, credential), { mode: 0o600 });
    const env = {
      ...plainEnvironment(folder),
      http_proxy: proxy.url,
      https_proxy: proxy.url,
      ...(certificates === undefined ? {} : { GIT_SSL_CAINFO: certificates }),
    };
    const settings = [
      // It need not try without the password first.
      "http.proxyAuthMethod=basic",
      ...(credential ? [`credential.helper=store --file=${store}`] : []),
    ].flatMap((setting) => ["-c", setting]);
    return await work((args) => run([...settings, ...args], { folder, env, source, proxy }, within(gitMs, signal)));
  } finally {
    proxy.close();
  }
}

/** Nothing of this machine's or its user's settings: they may name programs, proxies and credentials. */
function plainEnvironment(folder: string) {
  return {
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    HOME: folder,
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ALLOW_PROTOCOL: "http:https",
  };
}

function credentialLine(
  address: string,
  { username, password }: { readonly username: string; readonly password: string },
): string {
  const url = new URL(address);
  return `${url.protocol}//${encodeURIComponent(username)}:${encodeURIComponent(password)}@${url.host}\n`;
}

interface GitRun {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly source: GitSource;
  readonly proxy: GuardProxy;
}

function run(args: readonly string[], { folder, env, source, proxy }: GitRun, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn("git", args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"], signal });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let complaint = "";
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > gitListBytesMax) child.kill();
      else chunks.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      complaint = `${complaint}${chunk.toString()}`.slice(-complaintBytesMax);
    });
    child.once("error", (cause) => {
      if (codeOf(cause) === "ENOENT")
        reject(
          new JobFault(
            "The agent's machine has no git, which this build's context needs: its operator can install it.",
            { cause },
          ),
        );
      else reject(cause);
    });
    child.once("close", (code) => {
      if (code === 0 && bytes <= gitListBytesMax) resolve(Buffer.concat(chunks));
      else
        reject(
          proxy.refusal ??
            new GitFault(
              sentenceFor(shown(new URL(source.url)), source.credential !== undefined, complaint),
              complaint,
            ),
        );
    });
  });
}

function sentenceFor(repository: string, withToken: boolean, said: string): string {
  const last =
    said
      .trim()
      .split("\n")
      .at(-1)
      ?.replace(/^(?:fatal|error|remote): /, "")
      .replace(/\.$/, "") ?? "";
  if (/authentication failed|could not read (?:username|password)|returned error: 40[13]/i.test(said))
    return withToken
      ? `The git host refused the token for ${repository}: check that it is still valid and may read the repository.`
      : `There is no git repository ${repository} for everyone: check its name, or put a token that may read it into the address (https://TOKEN@host/owner/repo).`;
  if (/not found|returned error: 404|not a git repository|not valid: is this a git repository/i.test(said))
    return `There is no git repository ${repository}: check its name, or put a token that may read it into the address (https://TOKEN@host/owner/repo).`;
  if (/could not resolve|failed to connect|unable to access|timed out|connection|returned error: 5/i.test(said))
    return `The git host of ${repository} could not be reached (${last}). Try again later, or check the address.`;
  return `The git repository ${repository} could not be read: ${last}.`;
}
