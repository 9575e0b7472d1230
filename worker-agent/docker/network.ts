// The network of the agent's jobs: a bridge of its own, and a place on it for each job. Who makes it and what a container must
// be told about it is decided here and nowhere else.

import type { QueueHash } from "../../wire/ids.ts";
import { JobFault, messageOf } from "../fault.ts";
import { engineCallMs, namespaceMs } from "../limits.ts";
import type { LogSink } from "../log.ts";
import { within } from "../retry.ts";
import type { World } from "../world.ts";
import { labels } from "./container.ts";
import type { Engine } from "./engine.ts";
import { EngineError } from "./engineAnswers.ts";
import type { JobSubnet } from "./fence.ts";
import { FencedNetwork, type Verdict } from "./fencedNetwork.ts";
import { bridgeOf, Firewall, type RunOnHost } from "./firewall.ts";
import { FenceFault } from "./namespace.ts";

/**
 * What becomes of jobs that can't be fenced, or that a self-test finds unfenced: `auto` gives them no network, `required` ends the
 * agent at its start, `off` lets them reach what they can.
 */
export const fenceModes = ["auto", "required", "off"] as const;
export type FenceMode = (typeof fenceModes)[number];

/** What the operator says about the fence. */
export interface Containment {
  readonly fence?: FenceMode;
  /** An image with a shell and `ip`, where this machine's own can't be used to fence jobs. */
  readonly toolsImage?: string;
  /** What runs jobs' containers, by the engine's name for it, if not the engine's own choice. */
  readonly runtime?: string;
}

export interface JobNetworkOptions extends Containment {
  readonly engine: Engine;
  readonly agent: string;
  /** Where the agent lives, for who finds its network without it. */
  readonly home?: string;
  readonly slots: number;
  readonly world: World;
  readonly log: LogSink;
  /** Runs programs where the engine runs, for its packet filter. */
  readonly runOnHost?: RunOnHost;
}

/** One job's place in the network. */
export interface Place {
  /** What a container's HostConfig says about its network. */
  readonly hostConfig: { readonly NetworkMode: string };
  /** Whether it is as it should be now: a host that has changed needs another fence. */
  isSound(): boolean;
  /** Whether it also holds what has raw sockets: by the host's packet filter, or because there is no network. */
  readonly filtered: boolean;
  /** Its container is gone, or never came. May be called twice. */
  leave(): void;
}

export class JobNetwork {
  readonly name: string;
  readonly #options: JobNetworkOptions;
  readonly #firewall: Firewall;
  readonly #closing = new AbortController();
  readonly #removals = new Set<Promise<void>>();
  #fenced: Promise<FencedNetwork | Verdict> | undefined;
  /** What was said last of jobs without a fence. */
  #said: string | undefined;

  constructor(options: JobNetworkOptions) {
    this.#options = options;
    this.name = `longshore-${options.agent.slice(0, 12)}`;
    this.#firewall = new Firewall(options.agent, options.runOnHost);
  }

  /**
   * Makes the bridge if it is not there, and begins with the rest, which only jobs wait for.
   * @throws an Error with a sentence if the fence is required and there is none. Nothing is left then.
   */
  async open(signal: AbortSignal): Promise<void> {
    this.#fence(await this.#ensureBridge(signal));
    if (this.#mode !== "required") return;
    const verdict = await verdictOf(await this.#ready());
    if (verdict.is === "closed") return;
    await this.remove(signal);
    const why = "why" in verdict ? verdict.why : "What jobs reach could not be tested.";
    throw new Error(`${why} The agent is told to run no jobs without a fence.`);
  }

  /** @throws JobFault when jobs can have no network now. */
  async place(queue: QueueHash): Promise<Place> {
    try {
      const fenced = await this.#ready();
      const verdict = await verdictOf(fenced);
      if (verdict.is === "open" && this.#sayOpen(verdict.why) === "none") return unshared("none");
      if (!(fenced instanceof FencedNetwork)) return unshared(this.name);
      const namespace = await fenced.take(queue).catch((error: unknown) => {
        if (this.#mode === "off" && error instanceof FenceFault) return undefined;
        throw error;
      });
      if (!namespace) return unshared(this.name);
      const leave = once(() => fenced.giveBack(namespace));
      const { filtered } = fenced;
      const isSound = () => fenced.isSound(namespace);
      return { hostConfig: { NetworkMode: `container:${namespace.id}` }, filtered, isSound, leave };
    } catch (cause) {
      throw new JobFault(`The job's network could not be made: ${messageOf(cause).replace(/\.$/, "")}.`, { cause });
    }
  }

  /** The place of a container that an earlier process of this agent began. Nothing is known of its namespace: it goes. */
  placeOf(networkMode: string): Place {
    const holder = holderOf(networkMode);
    const leave = once(() => {
      if (holder !== undefined) this.#removeHolder(holder);
    });
    return { hostConfig: { NetworkMode: networkMode }, filtered: false, isSound: () => false, leave };
  }

  /** Removes all of it; no container of a job may be left. */
  async remove(signal: AbortSignal): Promise<void> {
    this.#closing.abort(new Error("The agent is stopping."));
    const fenced = await this.#fenced?.catch(() => undefined);
    if (fenced instanceof FencedNetwork) await fenced.close();
    await Promise.all(this.#removals);
    await this.#firewall.open();
    await this.#options.engine.networks.remove(this.name, signal);
  }

  /** Once for each reason. Returns what such jobs get. */
  #sayOpen(why: string): "none" | "all" {
    const gets = this.#mode === "off" ? "all" : "none";
    if (this.#said === why) return gets;
    this.#said = why;
    const consequence =
      gets === "all" ? "They run all the same." : "So they get no network; --fence=off gives it to them.";
    this.#options.log({ event: "network not fenced", level: "warn", message: `${why} ${consequence}` });
    return gets;
  }

  get #mode(): FenceMode {
    return this.#options.fence ?? "auto";
  }

  #fence(job: JobSubnet): void {
    const { name: network } = this;
    const newName = () => `${network}-${this.#options.world.newId()}`;
    const plan = { ...this.#options, network, job, firewall: this.#firewall, newName };
    this.#fenced = FencedNetwork.make(plan, within(namespaceMs, this.#closing.signal));
    // Who needs it hears of the failure.
    this.#fenced.catch(() => {});
  }

  /** What failed is tried again by the next job. */
  async #ready(): Promise<FencedNetwork | Verdict> {
    const fenced = this.#fenced;
    try {
      if (fenced) return await fenced;
    } catch {
      this.#closing.signal.throwIfAborted();
      const job = await this.#ensureBridge(within(engineCallMs));
      if (this.#fenced === fenced) this.#fence(job);
    }
    if (!this.#fenced) throw new Error("The network of jobs was not opened.");
    return await this.#fenced;
  }

  #removeHolder(holder: string): void {
    const removal = this.#options.engine
      .remove(holder)
      .catch((error: unknown) => {
        this.#options.log({ event: "namespace not removed", level: "warn", message: messageOf(error) });
      })
      .finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  async #ensureBridge(signal: AbortSignal): Promise<JobSubnet> {
    const { engine } = this.#options;
    const found = await engine.networks.find(this.name, signal);
    if (!found) {
      await engine.networks.create(bridgeOptions(this.name, this.#options), signal).catch((error: unknown) => {
        // Somebody else made it meanwhile.
        if (!(error instanceof EngineError && error.status === 409)) throw error;
      });
    }
    const { subnets } = found ?? (await engine.networks.find(this.name, signal)) ?? { subnets: [] };
    const v4 = subnets.find(({ subnet }) => subnet.includes("."));
    if (v4?.gateway === undefined) throw new Error(`The network ${this.name} has no IPv4 subnet.`);
    return { subnet: v4.subnet, gateway: v4.gateway };
  }
}

async function verdictOf(fenced: FencedNetwork | Verdict): Promise<Verdict> {
  return fenced instanceof FencedNetwork ? await fenced.verdict : fenced;
}

function unshared(networkMode: string): Place {
  return {
    hostConfig: { NetworkMode: networkMode },
    filtered: networkMode === "none",
    isSound: () => true,
    leave: () => {},
  };
}

/** Whether a container could not be created or started because the holder of its namespace is gone. */
export function isHolderGone(error: unknown, { NetworkMode }: Place["hostConfig"]): boolean {
  const holder = holderOf(NetworkMode);
  const cause = error instanceof JobFault ? error.cause : error;
  // The engine names it; the runtime, a moment later, what it would have opened.
  return (
    holder !== undefined &&
    cause instanceof EngineError &&
    (cause.message.includes(holder) || /\/proc\/\d+\/ns\/net/.test(cause.message))
  );
}

/** The container whose namespace another one has joined. */
export function holderOf(networkMode: string): string | undefined {
  return /^container:(.+)$/.exec(networkMode)?.[1];
}

function bridgeOptions(name: string, { agent, home }: Pick<JobNetworkOptions, "agent" | "home">) {
  return {
    Name: name,
    Driver: "bridge",
    CheckDuplicate: true,
    EnableIPv6: false,
    Options: { "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.name": bridgeOf(agent) },
    Labels: { [labels.agent]: agent, ...(home === undefined ? {} : { [labels.home]: home }) },
  };
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}
