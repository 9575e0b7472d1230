// The network of the agent's jobs: a bridge of its own, and a place on it for each job. Who makes it and what a container must
// be told about it is decided here and nowhere else.

import type { QueueHash } from "../../wire/ids.ts";
import { JobFault, messageOf } from "../fault.ts";
import { engineCallMs, namespaceMs } from "../limits.ts";
import type { LogSink } from "../log.ts";
import { within } from "../retry.ts";
import type { World } from "../world.ts";
import type { Engine } from "./engine.ts";
import { EngineError } from "./engineAnswers.ts";
import type { JobSubnet } from "./fence.ts";
import { FencedNetwork } from "./fencedNetwork.ts";
import { bridgeOf, Firewall, type RunOnHost } from "./firewall.ts";

export interface JobNetworkOptions {
  readonly engine: Engine;
  readonly agent: string;
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
  /** Its container is gone, or never came. May be called twice. */
  leave(): void;
}

export class JobNetwork {
  readonly name: string;
  readonly #options: JobNetworkOptions;
  readonly #firewall: Firewall;
  readonly #closing = new AbortController();
  readonly #removals = new Set<Promise<void>>();
  #fenced: Promise<FencedNetwork | undefined> | undefined;

  constructor(options: JobNetworkOptions) {
    this.#options = options;
    this.name = `longshore-${options.agent.slice(0, 12)}`;
    this.#firewall = new Firewall(options.agent, options.runOnHost);
  }

  /** Makes the bridge if it is not there, and begins with the rest, which only jobs wait for. */
  async open(signal: AbortSignal): Promise<void> {
    this.#fence(await this.#ensureBridge(signal));
  }

  /** @throws JobFault when jobs can have no network now. */
  async place(queue: QueueHash): Promise<Place> {
    try {
      const fenced = await this.#ready();
      if (!fenced) return { hostConfig: { NetworkMode: this.name }, leave: () => {} };
      const namespace = await fenced.take(queue);
      const leave = once(() => fenced.giveBack(namespace));
      return { hostConfig: { NetworkMode: `container:${namespace.id}` }, leave };
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
    return { hostConfig: { NetworkMode: networkMode }, leave };
  }

  /** Removes all of it; no container of a job may be left. */
  async remove(signal: AbortSignal): Promise<void> {
    this.#closing.abort(new Error("The agent is stopping."));
    const fenced = await this.#fenced?.catch(() => undefined);
    await fenced?.close();
    await Promise.all(this.#removals);
    await this.#firewall.open();
    await this.#options.engine.removeNetwork(this.name, signal);
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
  async #ready(): Promise<FencedNetwork | undefined> {
    const fenced = this.#fenced;
    try {
      return await fenced;
    } catch {
      this.#closing.signal.throwIfAborted();
      const job = await this.#ensureBridge(within(engineCallMs));
      if (this.#fenced === fenced) this.#fence(job);
      return await this.#fenced;
    }
  }

  #removeHolder(holder: string): void {
    const removal = this.#options.engine
      .remove(holder, within(engineCallMs))
      .catch((error: unknown) => {
        this.#options.log({ event: "namespace not removed", level: "warn", message: messageOf(error) });
      })
      .finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  async #ensureBridge(signal: AbortSignal): Promise<JobSubnet> {
    const { engine, agent } = this.#options;
    const found = await engine.network(this.name, signal);
    if (!found) {
      await engine.createNetwork(bridgeOptions(this.name, agent), signal).catch((error: unknown) => {
        // Somebody else made it meanwhile.
        if (!(error instanceof EngineError && error.status === 409)) throw error;
      });
    }
    const { subnets } = found ?? (await engine.network(this.name, signal)) ?? { subnets: [] };
    const v4 = subnets.find(({ subnet }) => subnet.includes("."));
    if (v4?.gateway === undefined) throw new Error(`The network ${this.name} has no IPv4 subnet.`);
    return { subnet: v4.subnet, gateway: v4.gateway };
  }
}

/** The container whose namespace another one has joined. */
export function holderOf(networkMode: string): string | undefined {
  return /^container:(.+)$/.exec(networkMode)?.[1];
}

function bridgeOptions(name: string, agent: string) {
  return {
    Name: name,
    Driver: "bridge",
    CheckDuplicate: true,
    EnableIPv6: false,
    Options: { "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.name": bridgeOf(agent) },
    Labels: { "longshore.agent": agent },
  };
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}
