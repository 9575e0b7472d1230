// Where a build's files come from, as the `context` of a definition says it. Pure.

import { JobFault } from "../fault.ts";
import { shown } from "../files/guard.ts";

export interface Credential {
  readonly username: string;
  readonly password: string;
}

/** Which state of a repository: what its default branch has, a path in which the branch's name is not told from a folder's, ... */
export type GitPoint =
  | { readonly at: "head"; readonly folder: readonly string[] }
  | { readonly at: "path"; readonly parts: readonly string[] }
  | { readonly at: "commit"; readonly commit: string; readonly folder: readonly string[] };

export type Source =
  | {
      readonly kind: "git";
      readonly url: string;
      readonly credential: Credential | undefined;
      readonly point: GitPoint;
    }
  | { readonly kind: "archive"; readonly url: string };

const forms =
  "A context is the address of a git repository (https://github.com/owner/repo, with /tree/branch/folder or /commit/sha if wanted; " +
  "on other hosts it ends in .git) or of an archive (.tar, .tar.gz, .zip).";

/** @throws JobFault with a sentence when it is neither. */
export function parseSource(text: string): Source {
  const context = text.trim();
  const placeholder = /\$\{[^}]*\}/.exec(context)?.[0];
  if (placeholder !== undefined)
    throw new JobFault(
      `The build's context still has ${placeholder} in it: give that parameter a value in the address.`,
    );
  const ssh = /^(?:ssh:\/\/)?(?:[\w.-]+@)([\w.-]+)[:/](.+)$/.exec(context);
  if (ssh && !/^https?:/.test(context))
    throw new JobFault(`Repositories are read over https only: write https://${ssh[1]}/${ssh[2]}.`);
  const url = URL.canParse(context) ? new URL(context) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new JobFault(`${JSON.stringify(context.slice(0, 200))} can't be built. ${forms}`);
  const credential = credentialOf(url);
  const repository = isArchive(url) ? undefined : repositoryIn(url);
  if (!repository) return { kind: "archive", url: url.href };
  const { path, rest } = repository;
  const address = new URL(url.origin);
  address.pathname = path;
  return { kind: "git", url: address.href, credential, point: pointOf(url, rest) };
}

function credentialOf({ username, password }: URL): Credential | undefined {
  if (username === "" && password === "") return undefined;
  return { username: decoded(username), password: decoded(password) };
}

function isArchive({ pathname }: URL): boolean {
  return /\.(?:tar|tgz|tar\.gz|zip)$/i.test(pathname) || /\/(?:tar|zip)ball(?:\/|$)/.test(pathname);
}

/** A repository's own path, and what an address says after it. Undefined where no repository is known to be. */
function repositoryIn(url: URL): { readonly path: string; readonly rest: readonly string[] } | undefined {
  const segments = url.pathname.split("/").filter((segment) => segment !== "");
  const cut = (count: number, rest: readonly string[] = segments.slice(count)) => {
    const path = segments.slice(0, count).join("/");
    return { path: path.endsWith(".git") ? `/${path}` : `/${path}.git`, rest };
  };
  const named = segments.findIndex((segment) => segment.endsWith(".git") && segment !== ".git");
  const dash = segments.indexOf("-");
  if (named >= 0) return cut(named + 1, without(segments.slice(named + 1), "-"));
  if (dash >= 2) return cut(dash, segments.slice(dash + 1));
  const host = url.hostname.replace(/^www\./, "");
  if (["github.com", "bitbucket.org", "codeberg.org"].includes(host)) {
    if (segments.length >= 2) return cut(2);
    throw new JobFault(`${shown(url)} names no repository: one looks like https://${host}/owner/repo.`);
  }
  if (host === "gitlab.com" && segments.length >= 2) return cut(segments.length);
  return undefined;
}

function without(segments: readonly string[], first: string): readonly string[] {
  return segments[0] === first ? segments.slice(1) : segments;
}

function pointOf(url: URL, rest: readonly string[]): GitPoint {
  const [word, ...parts] = rest.map(decoded);
  if (word === undefined) return fragmentOf(url);
  const [first = "", ...others] = parts;
  if (word === "tree" && first !== "") return { at: "path", parts };
  if ((word === "commit" || word === "commits") && first !== "") return { at: "commit", commit: first, folder: others };
  if (word === "src" && first === "commit" && others[0] !== undefined)
    return { at: "commit", commit: others[0], folder: others.slice(1) };
  if (word === "src" && ["branch", "tag"].includes(first) && others.length > 0) return { at: "path", parts: others };
  if (word === "src" && first !== "") return { at: "path", parts };
  if (word === "releases" && first === "tag" && others.length > 0) return { at: "path", parts: others };
  if (word === "blob")
    throw new JobFault(
      `${shown(url)} is one file: name its folder with /tree/ instead of /blob/, and the file in the build's \`filename\`.`,
    );
  throw new JobFault(`${shown(url)} can't be built. ${forms}`);
}

/** `#branch:folder`, as the docker command takes it. */
function fragmentOf(url: URL): GitPoint {
  const [ref = "", folder = ""] = decoded(url.hash.slice(1)).split(":");
  const segments = folder.split("/").filter((segment) => segment !== "");
  if (ref === "") return { at: "head", folder: segments };
  return { at: "path", parts: [...ref.split("/"), ...segments] };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
