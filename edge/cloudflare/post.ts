// Webhooks from a Worker: the platform resolves names, and lets nothing reach private networks.

import type { Post } from "../outbound/deliver.ts";
import { hostsOf, type UrlRules } from "../outbound/urlRules.ts";

/** Where the platform resolves, an address in place of a name could not be judged by what it leads to. */
export function workerRules(origins: readonly string[]): UrlRules {
  return { literals: "refused", allowRanges: [], ownHosts: hostsOf(origins) };
}

export const workerPost: Post = async (url, { headers, body, signal }) => {
  const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
  await response.body?.cancel();
  return { status: response.status, location: response.headers.get("location") };
};
