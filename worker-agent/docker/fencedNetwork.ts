// The fence around the jobs' bridge and the namespaces behind it: made for what the engine's host is now, tested once, and
// made anew when the host changes.

import type { QueueHash } from "../../wire/ids.ts";
import { messageOf } from "../fault.ts";
import { hostAskMs, hostLookMs, namespaceMs, namespacesPerSlot } from "../limits.ts";
import type { LogSink } from "../log.ts";
import { within } from "../retry.ts";
import type { World } from "../world.ts";
import type { Engine } from "./engine.ts";
import { essenceOf, fenceScript, type HostFacts, type JobSubnet, openResolver } from "./fence.ts";
import type { Firewall } from "./firewall.ts";
import { askHostFacts, factsOfThisHost, lookOfThisHost } from "./hostFacts.ts";
import { FenceFault, Namespace } from "./namespace.ts";
import { Namespaces } from "./namespaces.ts";
import { probe, probeTargets } from "./selfTest.ts";
import { findTools, type ToolsImage } from "./toolsImage.ts";

export interface FencePlan {
  readonly engine: Engine;
  readonly agent: string;
  readonly slots: number;
  readonly world: World;
  readonly log: LogSink;
  readonly network: string;
  readonly job: JobSubnet;
  readonly firewall: Firewall;
  /** The jobs' runtime, if it is not the engine's own. */
  readonly runtime?: string;
  /** An image with a shell and `ip`, if it is not to be made. */
  readonly toolsImage?: string;
  readonly newName: () => string;
}

/** Whether jobs are behind a fence, as far as could be found out. `incomplete`: but for what the log has said it could not do. */
export type Verdict =
  | { readonly is: "closed" | "untried" }
  | { readonly is: "open" | "incomplete"; readonly why: string };

export class FencedNetwork {
  readonly #plan: FencePlan;
  readonly #tools: ToolsImage;
  readonly #namespaces: Namespaces;
  readonly #closing = new AbortController();
  readonly #watch: NodeJS.Timeout;
  /** What is said once, not for each namespace. */
  readonly #remarks = new Set<string>();
  #facts: HostFacts;
  #firewall: boolean;
  #look = lookOfThisHost();
  #askedAt: number;
  #verdict: Promise<Verdict>;
  /** A look at the host, for which nobody waits. */
  #chore: Promise<void> = Promise.resolve();

  private constructor(plan: FencePlan, tools: ToolsImage, facts: HostFacts, firewall: boolean) {
    this.#plan = plan;
    this.#tools = tools;
    this.#facts = facts;
    this.#firewall = firewall;
    this.#askedAt = plan.world.elapsed();
    this.#namespaces = new Namespaces({
      make: () => this.#make(),
      max: plan.slots * namespacesPerSlot,
      failed: (error) => this.#warn("namespace failed", error),
    });
    this.#namespaces.fill();
    this.#verdict = this.#test();
    this.#watch = setInterval(() => this.#lookAtHost(), hostLookMs).unref();
  }

  /** Without the tools for it, the verdict on the plain bridge: then only the host's filter, if that can be set, is between. */
  static async make(plan: FencePlan, signal: AbortSignal): Promise<FencedNetwork | Verdict> {
    const { engine, agent, firewall, log, newName } = plan;
    const tools = await findTools(engine, plan.toolsImage, signal);
    // What a killed process has left there.
    await firewall.open();
    if (!tools) {
      const filtered = await firewall.close(factsOfThisHost());
      const lacking = "There is no image with a shell and `ip` to fence jobs with (--tools-image names one)";
      if (!filtered) return { is: "open", why: `${lacking}.` };
      log({ event: "tools not made", level: "warn", firewall: true, message: `${lacking}: jobs start slower.` });
      return { is: "untried" };
    }
    if (tools.lacks !== undefined) log({ event: "tools not made", image: tools.image, message: tools.lacks });
    const facts = await askHostFacts({ engine, agent, tools, newName }, signal);
    return new FencedNetwork(plan, tools, facts, await firewall.close(facts));
  }

  /** Of the newest self-test, once it is over. */
  get verdict(): Promise<Verdict> {
    return this.#verdict;
  }

  /** Whether the host's packet filter is set. */
  get filtered(): boolean {
    return this.#firewall;
  }

  take(queue: QueueHash): Promise<Namespace> {
    return this.#namespaces.take(queue);
  }

  isSound(namespace: Namespace): boolean {
    return this.#namespaces.isSound(namespace);
  }

  giveBack(namespace: Namespace): void {
    this.#namespaces.giveBack(namespace);
  }

  /** Removes everything that no job uses, and what is given back meanwhile. */
  async close(): Promise<void> {
    clearInterval(this.#watch);
    this.#closing.abort(new Error("The agent is stopping."));
    await this.#chore;
    await this.#verdict;
    await this.#namespaces.close();
  }

  async #make(): Promise<Namespace> {
    const { engine, agent, network, job, newName, log } = this.#plan;
    const fence = fenceScript(job, this.#facts);
    const namespace = await Namespace.make({ engine, agent, name: newName(), network, tools: this.#tools, fence });
    for (const remark of namespace.remarks.filter((text) => !this.#remarks.has(text))) {
      this.#remarks.add(remark);
      log({ event: "fence incomplete", level: "warn", message: explained(remark) });
    }
    return namespace;
  }

  /** One line of what a job can reach. */
  async #test(): Promise<Verdict> {
    const { engine, agent, job, newName, log, runtime } = this.#plan;
    const signal = within(namespaceMs, this.#closing.signal);
    const targets = probeTargets(job, this.#facts);
    const tools = this.#tools;
    try {
      const { reached, names, tried } = await this.#namespaces.borrow(({ id }) =>
        probe({ engine, agent, name: newName(), tools, networkMode: `container:${id}`, runtime, targets }, signal),
      );
      const sound = tried && reached.length === 0;
      const message = !tried
        ? "The tools here can't try what jobs reach."
        : sound
          ? "Jobs reach neither this machine nor its network."
          : `Jobs reach ${reached.join(", ")}, and must not.`;
      log({
        event: "network tested",
        level: sound && names ? undefined : "warn",
        firewall: this.#firewall,
        names: names ? "resolve" : "do not resolve",
        message,
      });
      if (!tried) return { is: "untried" };
      if (sound) return { is: "closed" };
      const known = (target: string) => this.#remarks.has(openResolver(target.replace(/:\d+$/, "")));
      return { is: reached.every(known) ? "incomplete" : "open", why: message };
    } catch (error) {
      if (error instanceof FenceFault) return { is: "open", why: error.message };
      this.#warn("network not tested", error);
      return { is: "untried" };
    }
  }

  /** Namespaces that were made for other addresses or resolvers are replaced. */
  #lookAtHost(): void {
    const { world } = this.#plan;
    const look = lookOfThisHost();
    if (look === this.#look && world.elapsed() - this.#askedAt < hostAskMs) return;
    this.#look = look;
    this.#askedAt = world.elapsed();
    this.#chore = this.#chore
      .then(() => this.#askAgain())
      .catch((error: unknown) => this.#warn("host not asked", error));
  }

  async #askAgain(): Promise<void> {
    const { engine, agent, firewall, newName, log } = this.#plan;
    const signal = within(namespaceMs, this.#closing.signal);
    const facts = await askHostFacts({ engine, agent, tools: this.#tools, newName }, signal);
    if (essenceOf(facts) === essenceOf(this.#facts)) return;
    this.#facts = facts;
    this.#firewall = await firewall.close(facts);
    this.#namespaces.replaceAll();
    log({ event: "host addresses changed" });
    this.#verdict = this.#test();
    await this.#verdict;
  }

  #warn(event: string, error: unknown): void {
    if (!this.#closing.signal.aborted) this.#plan.log({ event, level: "warn", message: messageOf(error) });
  }
}

/** A remark of the fence's script as a sentence. */
function explained(remark: string): string {
  const [what, resolver] = remark.split(" ");
  const remedy = "Rules by port need iproute2 on this machine.";
  if (what === "open") return `Jobs reach every port of the resolver ${resolver}. ${remedy}`;
  if (what === "closed") return `Jobs can't ask the resolver ${resolver}, which is also something else. ${remedy}`;
  return remark;
}
