// This machine's `git`: run without any of its settings, behind a proxy of ours, with a credential in a file that lives as long
// as the call.

import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, JobFault } from "../fault.ts";
import { type GuardOptions, shown } from "../files/guard.ts";
import { within } from "../retry.ts";
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
  /** What all calls for one context may bring together. */
  readonly budget?: { bytesLeft: number };
}

/** What git said when it failed. */
export class GitFault extends JobFault {
  readonly isRefusedWant: boolean;
  /** The host has answered, and will not give it: another try changes nothing. */
  readonly isFinal: boolean;

  constructor(sentence: string, said: string) {
    super(sentence);
    this.isFinal = isForbidden(said) || isMissing(said);
    this.isRefusedWant = /not our ref|unadvertised object|does not allow request|remote error: upload-pack/i.test(said);
  }
}

export type Git = (args: readonly string[]) => Promise<Buffer>;

/** Does the work with a `git` that reaches only what the guard allows, and has the source's credential. */
export async function withGit<T>(
  source: GitSource,
  { folder, guard, newId, certificates, budget = { bytesLeft: contextBytesMax } }: GitOptions,
  signal: AbortSignal,
  work: (git: Git) => Promise<T>,
): Promise<T> {
  const proxy = await GuardProxy.open(guard, newId(), budget);
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
export function plainEnvironment(folder: string) {
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
  if (isForbidden(said))
    return withToken
      ? `The git host refused the token for ${repository}: check that it is still valid and may read the repository.`
      : `There is no git repository ${repository} for everyone: check its name, or put a token that may read it into the address (https://TOKEN@host/owner/repo).`;
  if (isMissing(said))
    return `There is no git repository ${repository}: check its name, or put a token that may read it into the address (https://TOKEN@host/owner/repo).`;
  if (/could not resolve|failed to connect|unable to access|timed out|connection|returned error: 5/i.test(said))
    return `The git host of ${repository} could not be reached (${last}). Try again later, or check the address.`;
  return `The git repository ${repository} could not be read: ${last}.`;
}

function isForbidden(said: string): boolean {
  return /authentication failed|could not read (?:username|password)|returned error: 40[13]/i.test(said);
}

function isMissing(said: string): boolean {
  return /not found|returned error: 404|not a git repository|not valid: is this a git repository/i.test(said);
}
