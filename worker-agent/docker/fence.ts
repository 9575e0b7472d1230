// What a job may reach: the internet, and port 53 of the host's own resolvers. As routes and rules of its network namespace,
// which only a process with NET_ADMIN could change, and as filter rules of the host where the agent may make some. Pure.

import ipaddr from "ipaddr.js";
import { subnetPrefixMin } from "../limits.ts";

/** What the fence must know of the engine's host. IPv4: the jobs' network has no IPv6. */
export interface HostFacts {
  readonly addresses: readonly string[];
  /** Public networks that it is part of: its neighbours may trust it where they would not trust the internet. */
  readonly subnets: readonly string[];
  readonly resolvers: readonly string[];
}

/** The jobs' network, as the engine made it. */
export interface JobSubnet {
  readonly subnet: string;
  readonly gateway: string;
}

/**
 * Ranges that are not the internet: private, carrier-grade NAT (which some clouds use for their own services), link-local with
 * the metadata addresses, protocol assignments, benchmarks, multicast, reserved and broadcast. 168.63.129.16 is Azure's
 * platform service. https://www.iana.org/assignments/iana-ipv4-special-registry
 */
export const closedRanges = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "168.63.129.16/32",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/3",
] as const;

const resolverTable = 53;

/**
 * A shell script that builds the fence from inside the namespace, and fails if it could not. The rules for resolvers come
 * before the routes: a gateway must be reachable when a route through it is made, and only then.
 */
export function fenceScript({ subnet, gateway }: JobSubnet, facts: HostFacts): string {
  const closed = new Set([
    ...closedRanges,
    subnet,
    ...facts.subnets,
    ...facts.addresses.filter(isRemote).map((address) => `${address}/32`),
  ]);
  const resolvers = closedResolvers({ subnet, gateway }, facts);
  return [
    "set -e",
    // The reverse path of an answer from a resolver is closed too. Strict filtering would drop the answer.
    'set_to() { read -r now <"$2"; [ "$now" = "$1" ] || echo "$1" >"$2"; }',
    "for dev in all eth0; do set_to 0 /proc/sys/net/ipv4/conf/$dev/rp_filter; done",
    "if [ -e /proc/sys/net/ipv6/conf/eth0 ]; then set_to 1 /proc/sys/net/ipv6/conf/eth0/disable_ipv6; fi",
    ...(resolvers.length === 0 ? [] : [`ip route add default via ${gateway} dev eth0 table ${resolverTable}`]),
    ...resolvers.map((resolver) => resolverRule(resolver, whollyOpen(resolver, { subnet, gateway }, facts))),
    // Neighbours on the bridge, and the host's end of it. The default route keeps its way through the gateway.
    `ip route del ${subnet} dev eth0`,
    `ip route del table local broadcast ${broadcastOf(subnet)} dev eth0`,
    ...[...closed].map((range) => `ip route add unreachable ${range}`),
  ].join("\n");
}

/** Rules by port need iproute2. Without it, a resolver that is nothing else than one is opened whole, others stay closed. */
function resolverRule(resolver: string, mayOpen: boolean): string {
  const rule = (what: string) => `ip rule add pref 100 to ${resolver}/32 ${what} lookup ${resolverTable}`;
  // Protocols as numbers: where names are looked up is no part of the tools.
  const byPort = `${rule("ipproto 17 dport 53")} 2>/dev/null && ${rule("ipproto 6 dport 53")}`;
  return mayOpen
    ? `{ ${byPort}; } || { ${rule("")}; echo ${openResolver(resolver)}; }`
    : `{ ${byPort}; } || echo closed ${resolver}`;
}

/** The script's remark on a resolver whose every port it had to open. */
export function openResolver(address: string): string {
  return `open ${address}`;
}

function whollyOpen(resolver: string, { gateway }: JobSubnet, { addresses }: HostFacts): boolean {
  return !addresses.includes(resolver) && resolver !== gateway && !isIn(resolver, "169.254.0.0/16");
}

/** The resolvers that the routes would close. */
export function closedResolvers(
  { subnet }: JobSubnet,
  { addresses, subnets, resolvers }: HostFacts,
): readonly string[] {
  return resolvers
    .filter(isRemote)
    .filter(
      (resolver) =>
        addresses.includes(resolver) || [...closedRanges, ...subnets, subnet].some((range) => isIn(resolver, range)),
    );
}

/** The same as chains for what comes from the jobs' bridge into the host and through it: input of `iptables-restore -n`. */
export function filterRules(chains: { readonly input: string; readonly forward: string }, facts: HostFacts): string {
  const resolvers = facts.resolvers.filter(isRemote);
  const toResolvers = (chain: string, verdict: string) =>
    resolvers.flatMap((resolver) =>
      ["udp", "tcp"].map((protocol) => `-A ${chain} -d ${resolver}/32 -p ${protocol} --dport 53 -j ${verdict}`),
    );
  return [
    "*filter",
    `:${chains.input} - [0:0]`,
    `:${chains.forward} - [0:0]`,
    ...toResolvers(chains.input, "ACCEPT"),
    `-A ${chains.input} -j DROP`,
    ...toResolvers(chains.forward, "RETURN"),
    ...[...closedRanges, ...facts.subnets].map((range) => `-A ${chains.forward} -d ${range} -j DROP`),
    "COMMIT",
    "",
  ].join("\n");
}

/** Addresses, as one of many texts that mention them: `ip -o -4 addr` and resolv.conf are read like this. */
export function factsIn(text: string): HostFacts {
  const found = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? "").filter(isIpv4);
  return {
    addresses: [...new Set(found(/\binet (\d+\.\d+\.\d+\.\d+)/g))].sort(),
    subnets: publicSubnets([...text.matchAll(/\binet (\d+\.\d+\.\d+\.\d+\/\d+)/g)].map(([, cidr = ""]) => cidr)),
    resolvers: [...new Set(found(/^\s*nameserver\s+(\S+)/gm))],
  };
}

/** The public networks behind addresses like 198.51.100.7/24. One larger than a neighbourhood is a tunnel's, and half the internet. */
export function publicSubnets(cidrs: readonly string[]): readonly string[] {
  const networks = cidrs
    .filter((cidr) => ipaddr.IPv4.isValidCIDRFourPartDecimal(cidr))
    .map((cidr) => [ipaddr.IPv4.networkAddressFromCIDR(cidr).toString(), Number(cidr.split("/")[1])] as const)
    .filter(([network, prefix]) => prefix >= subnetPrefixMin && prefix < 32 && isOpen(network))
    .map(([network, prefix]) => `${network}/${prefix}`);
  return [...new Set(networks)].sort();
}

/** What of the facts the fence depends on: private addresses of the host, which come and go, are closed anyway. */
export function essenceOf({ addresses, subnets, resolvers }: HostFacts): string {
  return [...addresses.filter(isOpen), "-", ...subnets, "-", ...resolvers].join(" ");
}

function isOpen(address: string): boolean {
  return isRemote(address) && !closedRanges.some((range) => isIn(address, range));
}

/** Loopback addresses are each namespace's own: nothing to close, and no resolver of the host. */
export function isRemote(address: string): boolean {
  return !isIn(address, "127.0.0.0/8");
}

function isIpv4(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text);
}

function isIn(address: string, range: string): boolean {
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(range));
}

function broadcastOf(subnet: string): string {
  return ipaddr.IPv4.broadcastAddressFromCIDR(subnet).toString();
}
