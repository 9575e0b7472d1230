// A repository with those that it is made of: each is fetched as the first one is, behind the same guard and from one budget.
// One that nobody may read here is left out, and the log says so.

import { join } from "node:path";
import { JobFault, messageOf } from "../fault.ts";
import { AddressRefused, shown } from "../files/guard.ts";
import type { ImageWatcher } from "../images/audience.ts";
import { within } from "../retry.ts";
import { fetchCommit, type Part } from "./git.ts";
import { type Gitlink, submoduleSource } from "./gitlinks.ts";
import { GitFault, type GitOptions, type GitSource } from "./gitProgram.ts";
import type { Found } from "./gitRefs.ts";
import { contextBytesMax, gitMs, submoduleDepthMax, submodulesMax } from "./limits.ts";

interface Repository {
  readonly source: GitSource;
  readonly found: Found;
  /** Where its files go: "", or a path that ends in a slash. */
  readonly prefix: string;
  readonly depth: number;
}

/** Files of a commit, and where it came from. */
export interface GitPart extends Part {
  readonly source: GitSource;
}

/** @throws JobFault with a sentence. */
export async function fetchWithSubmodules(
  source: GitSource,
  found: Found,
  options: GitOptions,
  tell: ImageWatcher,
  signal: AbortSignal,
): Promise<readonly GitPart[]> {
  const parts: GitPart[] = [];
  const limited = within(gitMs, signal);
  const budget = { bytesLeft: contextBytesMax };
  const fetch = async ({ source, found, prefix, depth }: Repository): Promise<void> => {
    const folder = join(options.folder, String(parts.length));
    const { commit, gitlinks } = await fetchCommit(source, found, { ...options, folder, budget }, limited);
    parts.push({ source, folder, commit, path: found.folder.join("/"), prefix });
    for (const link of gitlinks) {
      const inner = submoduleSource(link.url, link.commit, source);
      const path = `${prefix}${link.path}`;
      const absent = (why: string) => tell.line(`The submodule ${path} is not in the context: ${why}`, "cloning repo");
      if (!inner) absent(reasonOf(link));
      else {
        if (parts.length > submodulesMax || depth >= submoduleDepthMax)
          throw new JobFault(
            `${shown(new URL(source.url))} has more than ${submodulesMax} submodules, or some more than ${submoduleDepthMax} deep: offer what the build needs as an archive.`,
          );
        tell.line(`Fetching the submodule ${path} from ${shown(new URL(inner.url))} at ${link.commit}`, "cloning repo");
        const found = { commit: link.commit, folder: [] };
        await fetch({ source: inner, found, prefix: `${path}/`, depth: depth + 1 }).catch((error: unknown) => {
          if (!isFinal(error)) throw error;
          absent(messageOf(error));
        });
      }
    }
  };
  await fetch({ source, found, prefix: "", depth: 0 });
  return parts;
}

/** Another try would end in the same way, so what is built without it may be kept. */
function isFinal(error: unknown): boolean {
  return error instanceof AddressRefused || (error instanceof GitFault && error.isFinal);
}

function reasonOf({ url }: Gitlink): string {
  return url === undefined || url === ""
    ? ".gitmodules has no address for it."
    : `its address ${JSON.stringify(url.slice(0, 200))} can't be read over https.`;
}
