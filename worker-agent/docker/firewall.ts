// The host's own packet filter as a second fence, where this process may change it: it also holds for containers that are not
// in a namespace made ahead. Two chains for each agent, entered only from its bridge.

import { execFile } from "node:child_process";
import { engineCallMs } from "../limits.ts";
import { filterRules, type HostFacts } from "./fence.ts";

/** Runs a program of the engine's host. Rejects when it fails. */
export type RunOnHost = (program: string, args: readonly string[], input?: string) => Promise<void>;

/** The bridge of an agent's jobs. Linux allows 15 characters. */
export function bridgeOf(agent: string): string {
  return `ls-${agent.slice(0, 12)}`;
}

export class Firewall {
  readonly #run: RunOnHost;
  readonly #bridge: string;
  readonly #chains: { readonly input: string; readonly forward: string };

  constructor(agent: string, run: RunOnHost = runHere) {
    const short = agent.slice(0, 12);
    this.#run = run;
    this.#bridge = bridgeOf(agent);
    this.#chains = { input: `LONGSHORE-${short}-I`, forward: `LONGSHORE-${short}-F` };
  }

  /** Sets the rules, or sets them anew. False where that is not possible: no right, no iptables, or an engine elsewhere. */
  async close(facts: HostFacts): Promise<boolean> {
    try {
      await this.#run("ip", ["link", "show", "dev", this.#bridge]);
      await this.#run("iptables-restore", ["-w", "-n"], filterRules(this.#chains, facts));
      for (const jump of this.#jumps()) {
        // dockerd or a reloaded firewall may have put other rules before it: removed and put first again.
        await this.#run("iptables", ["-w", "-D", ...jump]).catch(() => {});
        await this.#run("iptables", ["-w", "-I", ...jump]);
      }
      return true;
    } catch {
      return false;
    }
  }

  /** Removes what `close` has made, also in an earlier process. */
  async open(): Promise<void> {
    const quietly = (...args: string[]) => this.#run("iptables", ["-w", ...args]).catch(() => {});
    for (const jump of this.#jumps()) await quietly("-D", ...jump);
    for (const chain of Object.values(this.#chains)) {
      await quietly("-F", chain);
      await quietly("-X", chain);
    }
  }

  #jumps(): readonly (readonly string[])[] {
    return [
      ["INPUT", "-i", this.#bridge, "-j", this.#chains.input],
      ["DOCKER-USER", "-i", this.#bridge, "-j", this.#chains.forward],
    ];
  }
}

const runHere: RunOnHost = (program, args, input) =>
  new Promise((resolve, reject) => {
    const path = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`;
    const options = { timeout: engineCallMs, env: { ...process.env, PATH: path } };
    const child = execFile(program, [...args], options, (error) => (error ? reject(error) : resolve()));
    // A program that is not there closes its input early; why is said by the callback.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
