// Where a webhook may go, as far as its URL alone tells. What a name resolves to is checked where it is resolved.

import { isAllowedAddress, literalAddress } from "../../wire/addresses.ts";

export interface UrlRules {
  /** `checked`: an address in place of a name is judged like any other. `refused`: the platform resolves, so only names. */
  readonly literals: "checked" | "refused";
  /** Ranges (CIDR) that the operator allows although they are not public. */
  readonly allowRanges: readonly string[];
  /** This deployment's own hosts (`name:port`): a webhook is no way to call ourselves. */
  readonly ownHosts: readonly string[];
}

/** Why a URL is refused, as a sentence, or undefined. */
export function urlFault(url: URL, { literals, allowRanges, ownHosts }: UrlRules): string | undefined {
  if (url.protocol !== "http:" && url.protocol !== "https:") return "A webhook's url is http(s).";
  if (url.username !== "" || url.password !== "") return "A webhook's url has no user or password in it.";
  if (ownHosts.includes(url.host)) return "A webhook's url may not be this server's own.";
  const literal = literalAddress(url.hostname);
  if (literal === undefined) return undefined;
  if (literals === "refused") return "A webhook's url has a public name, not an address.";
  return isAllowedAddress(literal, allowRanges)
    ? undefined
    : "A webhook's url is on the public internet; this server's operator can allow other ranges (--allow-range).";
}

export function hostsOf(origins: readonly string[]): readonly string[] {
  return origins.filter((origin) => URL.canParse(origin)).map((origin) => new URL(origin).host);
}
