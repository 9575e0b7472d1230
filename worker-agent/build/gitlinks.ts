// Submodules as git keeps them: a commit's name in the place of a folder, and `.gitmodules` that says where to get it. Pure.
// https://git-scm.com/docs/gitmodules

import type { GitSource } from "./gitProgram.ts";

export interface Gitlink {
  /** Below the folder that is built. */
  readonly path: string;
  readonly commit: string;
  /** As `.gitmodules` has it. */
  readonly url: string | undefined;
}

/** From `git ls-tree -r -z` of the folder; `config` gives the paths and addresses of `.gitmodules`, as `git config -z` prints them. */
export async function gitlinksIn(
  list: string,
  folder: string,
  config: () => Promise<string>,
): Promise<readonly Gitlink[]> {
  const found = list.split("\0").flatMap((entry) => {
    const [, commit, path] = /^160000 commit ([0-9a-f]{40,64})\t(.+)$/s.exec(entry) ?? [];
    return commit === undefined || path === undefined ? [] : [{ commit, path }];
  });
  if (found.length === 0) return [];
  const urls = urlsIn(await config());
  const inRoot = (path: string) => (folder === "" ? path : `${folder}/${path}`);
  return found.map(({ commit, path }) => ({ commit, path, url: urls.get(inRoot(path)) }));
}

function urlsIn(config: string): ReadonlyMap<string, string> {
  const [paths, urls] = [new Map<string, string>(), new Map<string, string>()];
  for (const entry of config.split("\0")) {
    const [, name, key, value] = /^submodule\.(.*)\.(path|url)\n(.*)$/s.exec(entry) ?? [];
    if (name !== undefined && value !== undefined) (key === "path" ? paths : urls).set(name, value);
  }
  return new Map([...paths].map(([name, path]) => [path, urls.get(name) ?? ""]));
}

/** Undefined where the address can't be read over http. What it is relative to is the repository that names it. */
export function submoduleSource(url: string | undefined, commit: string, parent: GitSource): GitSource | undefined {
  const address = url === undefined ? undefined : addressOf(url, parent.url);
  if (!address) return undefined;
  // A token is for its owner's repositories, not for whatever a stranger's repository names on that host.
  const credential = ownerOf(address) === ownerOf(new URL(parent.url)) ? parent.credential : undefined;
  return { kind: "git", url: address.href, credential, point: { at: "commit", commit, folder: [] } };
}

function addressOf(url: string, parent: string): URL | undefined {
  const [, host, path] = /^(?:ssh:\/\/)?(?:[\w.-]+@)([\w.-]+)(?::\/?|\/)([^:].*)$/.exec(url) ?? [];
  const text = host === undefined || /^https?:/.test(url) ? url : `https://${host}/${path}`;
  const base = `${parent.replace(/\/$/, "")}/`;
  const relative = /^\.\.?\//.test(text);
  if (!relative && !/^https?:\/\//.test(text)) return undefined;
  if (!URL.canParse(text, base)) return undefined;
  const address = new URL(text, base);
  for (const part of ["username", "password", "hash", "search"] as const) address[part] = "";
  return address;
}

function ownerOf({ origin, pathname }: URL): string {
  return `${origin}/${pathname.split("/")[1]}`;
}
