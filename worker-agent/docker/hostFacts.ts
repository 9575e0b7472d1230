// What the fence must know of the engine's host: its addresses and its resolvers. Asked of the engine, because this process may
// run in a container, or on another machine; and of this process, because a rootless engine has a network of its own, and jobs
// leave it with this machine's.

import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type { Engine } from "./engine.ts";
import { runErrand } from "./errand.ts";
import { essenceOf, factsIn, type HostFacts, isRemote, publicSubnets } from "./fence.ts";
import { errandLimits, errandOptions } from "./namespace.ts";
import type { ToolsImage } from "./toolsImage.ts";

const script = "ip -o -4 addr; cat /etc/resolv.conf";

export async function askHostFacts(
  { engine, agent, tools, newName }: { engine: Engine; agent: string; tools: ToolsImage; newName: () => string },
  signal: AbortSignal,
): Promise<HostFacts> {
  const ask = async (network: string) =>
    factsIn(
      await runErrand(
        engine,
        newName(),
        { ...errandOptions(agent, tools, script), HostConfig: { ...errandLimits, NetworkMode: network } },
        signal,
      ),
    );
  const facts = await ask("host");
  if (facts.addresses.length === 0) throw new Error("The engine's host does not say which addresses it has.");
  // A resolver on the host's loopback stands for others, which the engine finds and shows to containers.
  const { resolvers } = facts.resolvers.some(isRemote) ? facts : await ask("none");
  const here = factsOfThisHost();
  return {
    addresses: [...new Set([...facts.addresses, ...here.addresses])].sort(),
    subnets: [...new Set([...facts.subnets, ...here.subnets])].sort(),
    resolvers,
  };
}

/** Changes when this machine's addresses or resolvers do. Of no meaning for an engine elsewhere. */
export function lookOfThisHost(): string {
  return essenceOf(factsOfThisHost());
}

/** The facts as this process sees them, for a host that it is known to run on. */
export function factsOfThisHost(): HostFacts {
  const v4 = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family }) => family === "IPv4");
  return {
    addresses: [...new Set(v4.map(({ address }) => address))].sort(),
    subnets: publicSubnets(v4.flatMap(({ cidr }) => cidr ?? [])),
    resolvers: factsIn(textsOf(resolverFiles)).resolvers,
  };
}

/** Where the host's resolvers stand; the second one has those behind systemd's own on loopback. */
const resolverFiles = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

function textsOf(paths: readonly string[]): string {
  return paths
    .map((path) => {
      try {
        return readFileSync(path, "utf8");
      } catch {
        // A system without it has no resolvers there.
        return "";
      }
    })
    .join("\n");
}
