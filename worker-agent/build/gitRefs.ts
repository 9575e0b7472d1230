// Which commit of a repository an address means, from the list of its branches and tags. Pure.

import { JobFault } from "../fault.ts";
import { shownNamesMax } from "./limits.ts";
import type { GitPoint } from "./source.ts";

export interface Refs {
  readonly head: string | undefined;
  readonly branches: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, string>;
}

export interface Found {
  /** Its name, or a shortened one of a commit that no branch ends with. */
  readonly commit: string;
  /** Below the repository's root. */
  readonly folder: readonly string[];
}

/** The output of `git ls-remote`. A tag that is an object of its own is followed by the commit it stands for. */
export function refsIn(list: string): Refs {
  const branches = new Map<string, string>();
  const tags = new Map<string, string>();
  let head: string | undefined;
  for (const [, commit = "", ref = ""] of list.matchAll(/^([0-9a-f]{40,64})\t(\S+)$/gm)) {
    if (ref === "HEAD") head = commit;
    else if (ref.startsWith("refs/heads/")) branches.set(ref.slice("refs/heads/".length), commit);
    else if (ref.startsWith("refs/tags/")) tags.set(ref.slice("refs/tags/".length).replace(/\^\{\}$/, ""), commit);
  }
  return { head, branches, tags };
}

/** @throws JobFault with a sentence when there is nothing like it. */
export function findCommit({ head, branches, tags }: Refs, point: GitPoint, repository: string): Found {
  if (point.at === "commit") return { commit: commitNamed(point.commit, repository), folder: point.folder };
  if (point.at === "head") {
    if (head === undefined) throw new JobFault(`The git repository ${repository} is empty: it has no commit.`);
    return { commit: head, folder: point.folder };
  }
  const { parts } = point;
  // No branch can be a folder of another one, so only one length fits.
  for (let length = 1; length <= parts.length; length += 1) {
    const name = parts.slice(0, length).join("/");
    const commit = branches.get(name) ?? tags.get(name);
    if (commit !== undefined) return { commit, folder: parts.slice(length) };
  }
  const [first = "", ...folder] = parts;
  if (/^[0-9a-f]{7,64}$/.test(first)) return { commit: first, folder };
  const names = [...branches.keys()];
  const more = names.length > shownNamesMax ? ", ..." : "";
  const known = names.length === 0 ? "It has none" : `It has ${names.slice(0, shownNamesMax).join(", ")}${more}`;
  throw new JobFault(`${repository} has no branch or tag ${JSON.stringify(parts.join("/"))}. ${known}.`);
}

function commitNamed(text: string, repository: string): string {
  const commit = text.toLowerCase();
  if (/^[0-9a-f]{7,64}$/.test(commit)) return commit;
  throw new JobFault(
    `${JSON.stringify(text)} is not the name of a commit of ${repository}: that is 40 hexadecimal digits, or the first seven or more of them.`,
  );
}
