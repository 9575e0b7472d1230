// A git repository somewhere else: which commit is meant, and its files as a tar. Nothing of the repository is ever checked out
// or run here.

import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { JobFault } from "../fault.ts";
import { shown } from "../files/guard.ts";
import { type Gitlink, gitlinksIn } from "./gitlinks.ts";
import { type Git, GitFault, type GitOptions, type GitSource, plainEnvironment, withGit } from "./gitProgram.ts";
import { type Found, findCommit, refsIn } from "./gitRefs.ts";

/** @throws JobFault with a sentence. */
export async function commitOf(source: GitSource, options: GitOptions, signal: AbortSignal): Promise<Found> {
  return await withGit(source, options, signal, async (git) => {
    const list = await git(["ls-remote", "--quiet", source.url]);
    return findCommit(refsIn(list.toString("utf8")), source.point, shown(new URL(source.url)));
  });
}

export interface Fetched {
  /** Its whole name. */
  readonly commit: string;
  readonly gitlinks: readonly Gitlink[];
}

/** Fetches the commit into a bare repository in the folder, and sees that it has that path. */
export async function fetchCommit(
  source: GitSource,
  { commit, folder }: Found,
  options: GitOptions,
  signal: AbortSignal,
): Promise<Fetched> {
  return await withGit(source, options, signal, async (git) => {
    await git(["init", "--quiet", "--bare", "repository"]);
    const info = join(options.folder, "repository", "info");
    await mkdir(info, { recursive: true });
    await writeFile(join(info, "attributes"), asCheckedOut);
    const fetch = (...what: string[]) => git(["-C", "repository", "fetch", "--quiet", "--no-tags", ...what]);
    const address = shown(new URL(source.url));
    const name = async () => {
      const whole = (await git(["-C", "repository", "rev-parse", "--verify", `${commit}^{commit}`])).toString().trim();
      const path = folder.join("/");
      const kind = await git(["-C", "repository", "cat-file", "-t", `${whole}:${path}`]).catch(() => "nothing");
      if (kind.toString().trim() === "tree") return { commit: whole, gitlinks: await gitlinksOf(git, whole, path) };
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
      throw new GitFault(`${address} has no commit ${commit} on any branch or tag.`, "not found");
    }
  });
}

async function gitlinksOf(git: Git, commit: string, path: string): Promise<readonly Gitlink[]> {
  const list = await git(["-C", "repository", "ls-tree", "-r", "-z", `${commit}:${path}`]);
  const read = ["config", "-z", "--blob", `${commit}:.gitmodules`, "--get-regexp", "^submodule\\..*\\.(path|url)$"];
  // It ends badly where there is no such file, or nothing of it in there.
  return gitlinksIn(list.toString(), path, async () =>
    (await git(["-C", "repository", ...read]).catch(() => "")).toString(),
  );
}

/** Files of a commit: where its repository was fetched to, and where they go in the context. */
export interface Part {
  readonly folder: string;
  readonly commit: string;
  /** The folder of the repository. */
  readonly path: string;
  /** "", or a path that ends in a slash. */
  readonly prefix: string;
}

/** The part's files, as a tar. */
export function filesOf({ folder, commit, path, prefix }: Part, signal: AbortSignal): Readable {
  const child = spawn(
    "git",
    [...umask, "-C", join(folder, "repository"), "archive", "--format=tar", `--prefix=${prefix}`, `${commit}:${path}`],
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

/** `git archive` would leave out or change what these attributes of the repository name; a checkout has it as it is. */
const asCheckedOut = "* -export-ignore -export-subst\n";
/** Files have the modes that a checkout gives them. */
const umask = ["-c", "tar.umask=0022"];
