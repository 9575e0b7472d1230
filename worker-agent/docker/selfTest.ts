// Whether the fence holds: a container with a job's rights and runtime tries to reach what it must not, and to resolve a name.

import { probePidsMax, probeSeconds, probeTargetsMax } from "../limits.ts";
import { capabilities } from "./container.ts";
import type { Engine } from "./engine.ts";
import { runErrand } from "./errand.ts";
import { closedResolvers, type HostFacts, isRemote, type JobSubnet } from "./fence.ts";
import { errandLimits, errandOptions } from "./namespace.ts";
import type { ToolsImage } from "./toolsImage.ts";

export interface Findings {
  /** What answered, as address and port. */
  readonly reached: readonly string[];
  readonly names: boolean;
  /** False when the probe could not try: its shell opens no connections. */
  readonly tried: boolean;
}

export interface ProbePlan {
  readonly engine: Engine;
  readonly agent: string;
  readonly name: string;
  readonly tools: ToolsImage;
  readonly networkMode: string;
  /** The jobs' own: some bring a network stack of their own, to which a namespace's routes mean nothing. */
  readonly runtime: string | undefined;
  readonly targets: readonly string[];
}

/** Where clouds answer questions about a machine. */
const metadata = ["169.254.169.254 80", "fd00:ec2::254 80"];

/** Ports that something often listens on; a refusal shows as well that the address was reached. */
export function probeTargets(job: JobSubnet, facts: HostFacts): readonly string[] {
  const hosts = new Set([job.gateway, ...facts.addresses.filter(isRemote), ...closedResolvers(job, facts)]);
  return [...metadata, ...[...hosts].map((address) => `${address} 22`)].slice(0, probeTargetsMax);
}

export async function probe(
  { engine, agent, name, tools, networkMode, runtime, targets }: ProbePlan,
  signal: AbortSignal,
): Promise<Findings> {
  const options = {
    ...errandOptions(agent, tools, probeScript(targets)),
    // Something to wait on that never comes.
    OpenStdin: true,
    HostConfig: {
      ...errandLimits,
      PidsLimit: probePidsMax,
      CapAdd: capabilities,
      NetworkMode: networkMode,
      ...(runtime === undefined ? {} : { Runtime: runtime }),
    },
  };
  return findingsIn(await runErrand(engine, name, options, signal));
}

function probeScript(targets: readonly string[]): string {
  return [
    "exec 4<&0",
    // In bash by itself, in busybox with its nc.
    'if [ -n "$BASH_VERSION" ]; then',
    "  reach() { (exec 3<>/dev/tcp/$1/$2) 2>&1; }",
    "  name() { (exec 3<>/dev/udp/$1/9) 2>&1; }",
    "else",
    `  reach() { nc -w ${probeSeconds} $1 $2 2>&1 </dev/null; }`,
    "  name() { nslookup $1 2>&1; }",
    "fi",
    "try() { said=$(reach $1 $2) && said=open; echo tried $1:$2 $said; }",
    // What would open the fence must be refused; then the attempts show it closed all the same.
    "ip route flush table main 2>/dev/null; ip rule del pref 100 2>/dev/null",
    ...targets.map((target) => `try ${target} & all="$all $!"`),
    // A name that no resolver knows and every resolver answers (RFC 6761); one that is not reached says something else.
    '{ said=$(name longshore-check.invalid) && said=resolved; echo named $said; } & all="$all $!"',
    // Behind a fence every attempt fails at once; one that only waits is ended, by a wait for input that never comes.
    `{ read -t ${probeSeconds + 1} -r line <&4; echo waited; kill $all 2>/dev/null; } &`,
    "wait $all",
  ].join("\n");
}

export function findingsIn(text: string): Findings {
  const tried = [...text.matchAll(/^tried (\S+) ?(.*)$/gm)];
  const couldTry = tried.filter(([, , said = ""]) => !/not found|No such file/.test(said));
  return {
    reached: couldTry.filter(([, , said = ""]) => /^open|refused/i.test(said)).map(([, target = ""]) => target),
    names: /^named .*(?:resolved|not known|NXDOMAIN)/m.test(text),
    // What only waits has opened a connection, and nobody answered.
    tried: couldTry.length > 0 || /^waited$/m.test(text),
  };
}
