// The Docker engine and its containers as the agent uses them: each call with a time limit, each answer parsed once.

import { availableParallelism } from "node:os";
import { Duplex, type Readable } from "node:stream";
import Modem from "docker-modem";
import * as v from "valibot";
import { Gate } from "../gate.ts";
import { engineWorkPerCpu } from "../limits.ts";
import type { Usage } from "../usage/cgroup.ts";
import {
  ContainerState,
  EngineError,
  Info,
  isEngineLoss,
  Listed,
  type ListedContainer,
  Stats,
  usageOf,
} from "./engineAnswers.ts";
import { EngineConnection, readable } from "./engineConnection.ts";
import { EngineImages } from "./engineImages.ts";
import { EngineNetworks } from "./engineNetworks.ts";
import { Leftovers } from "./leftovers.ts";
import { forPodman } from "./podman.ts";

export class Engine {
  readonly leftovers = new Leftovers((id, signal) => this.#removeOnce(id, signal));
  readonly images: EngineImages;
  readonly networks: EngineNetworks;
  readonly #connection: EngineConnection;
  /** Creating, starting and removing: more at once makes each slower and none sooner (docker-perf: 2 for each core). */
  readonly #heavy = new Gate(engineWorkPerCpu * availableParallelism());

  /** As far as it has been asked. */
  #isPodman = false;

  constructor(modem: Modem = new Modem()) {
    this.#connection = new EngineConnection(modem);
    this.images = new EngineImages(this.#connection);
    this.networks = new EngineNetworks(this.#connection);
  }

  async info(signal?: AbortSignal) {
    const info = v.parse(Info, await this.#connection.call({ method: "GET", path: "/info", signal }));
    this.#heavy.places = engineWorkPerCpu * info.NCPU;
    this.#isPodman = info.BuildahVersion !== undefined;
    // The kernel's word for it; images have Go's.
    const architecture = { x86_64: "amd64", aarch64: "arm64" }[info.Architecture] ?? info.Architecture;
    return {
      cpus: info.NCPU,
      memoryBytes: info.MemTotal,
      version: info.ServerVersion,
      storage: info.Driver,
      rootFolder: info.DockerRootDir,
      os: info.OSType,
      architecture,
      /** What it would take as a limit, and not hold containers to: without control groups of its own for one. */
      unlimited: [
        ...(info.MemoryLimit === false ? ["memory"] : []),
        ...(info.PidsLimit === false ? ["processes"] : []),
      ],
      runtimes: Object.keys(info.Runtimes),
      /** Root in its containers is another user of its machine (userns-remap). */
      mapsUsers: info.SecurityOptions.includes("name=userns"),
      defaultRuntime: info.DefaultRuntime,
    };
  }

  /** Fails when the engine takes no new connections any more. */
  async ping(signal?: AbortSignal): Promise<void> {
    await this.#connection.callAfresh({ method: "GET", path: "/_ping", signal });
  }

  /** The new container's id. */
  async create(name: string, options: object, signal?: AbortSignal): Promise<string> {
    const body = this.#isPodman ? forPodman(options) : options;
    const call = { method: "POST", path: "/containers/create", query: { name }, body, signal } as const;
    try {
      return v.parse(v.object({ Id: v.string() }), await this.#heavy.within(() => this.#connection.call(call))).Id;
    } catch (error) {
      // An engine that went away meanwhile may have made it.
      if (isEngineLoss(error)) this.leftovers.leave(name);
      throw error;
    }
  }

  /** The container's output from now on, multiplexed; with `replay` also what it printed before. */
  async attach(id: string, replay: boolean, signal?: AbortSignal): Promise<Readable> {
    const query = { stream: "1", stdout: "1", stderr: "1", ...(replay ? { logs: "1" } : {}) };
    return readable(
      await this.#connection.call({ method: "POST", path: `/containers/${id}/attach`, query, as: "hijack", signal }),
    );
  }

  /** A connection to the container's input, which also carries its output, multiplexed. */
  async converse(id: string, signal?: AbortSignal): Promise<Duplex> {
    const query = { stream: "1", stdin: "1", stdout: "1", stderr: "1" };
    const answer = await this.#connection.call({
      method: "POST",
      path: `/containers/${id}/attach`,
      query,
      as: "hijack",
      signal,
    });
    if (answer instanceof Duplex) return answer;
    throw new Error("Docker answered with no connection.");
  }

  /** What the engine has kept of what a container printed, multiplexed. */
  async logs(id: string, signal?: AbortSignal, how: Readonly<Record<string, string>> = {}): Promise<Readable> {
    const query = { stdout: "1", stderr: "1", ...how };
    return readable(
      await this.#connection.call({ method: "GET", path: `/containers/${id}/logs`, query, as: "stream", signal }),
    );
  }

  async rename(id: string, name: string, signal?: AbortSignal): Promise<void> {
    await this.#connection.call({ method: "POST", path: `/containers/${id}/rename`, query: { name }, signal });
  }

  async start(id: string, signal?: AbortSignal): Promise<void> {
    await this.#heavy.within(() => this.#connection.call({ method: "POST", path: `/containers/${id}/start`, signal }));
  }

  /** The exit code, at once if the container has ended. */
  async wait(id: string, limitMs: number, signal?: AbortSignal): Promise<number> {
    const answer = await this.#connection.call({ method: "POST", path: `/containers/${id}/wait`, limitMs, signal });
    return v.parse(v.object({ StatusCode: v.number() }), answer).StatusCode;
  }

  async inspect(id: string, signal?: AbortSignal): Promise<ContainerState | undefined> {
    const answer = await this.#connection.unless404({ method: "GET", path: `/containers/${id}/json`, signal });
    return answer === undefined ? undefined : v.parse(ContainerState, answer);
  }

  /** What the container uses now. Undefined when it doesn't run. */
  async stats(id: string, signal?: AbortSignal): Promise<Usage | undefined> {
    const query = { stream: "false", "one-shot": "true" };
    const answer = await this.#connection.unless404({ method: "GET", path: `/containers/${id}/stats`, query, signal });
    return answer === undefined ? undefined : usageOf(v.parse(Stats, answer));
  }

  /** What the container has written into its own file system; the engine counts its files. */
  async writtenBytes(id: string, signal?: AbortSignal): Promise<number> {
    const call = { method: "GET", path: `/containers/${id}/json`, query: { size: "1" }, signal } as const;
    const answer = await this.#connection.unless404(call);
    return answer === undefined ? 0 : (v.parse(v.object({ SizeRw: v.nullish(v.number()) }), answer).SizeRw ?? 0);
  }

  /** Processes as the engine's `ps` shows them. */
  async top(id: string, psArgs: string, signal?: AbortSignal) {
    const answer = await this.#connection.call({
      method: "GET",
      path: `/containers/${id}/top`,
      query: { ps_args: psArgs },
      signal,
    });
    return v.parse(v.object({ Titles: v.array(v.string()), Processes: v.array(v.array(v.string())) }), answer);
  }

  /** False when it does not run any more. */
  async kill(id: string, signalName: "SIGTERM" | "SIGKILL", signal?: AbortSignal): Promise<boolean> {
    try {
      await this.#connection.call({
        method: "POST",
        path: `/containers/${id}/kill`,
        query: { signal: signalName },
        signal,
      });
      return true;
    } catch (error) {
      if (error instanceof EngineError && (error.status === 404 || error.status === 409)) return false;
      throw error;
    }
  }

  /**
   * Removes a container in any state, with its anonymous volumes. Nothing when it is gone. An engine that is being restarted is
   * waited for; where it stays away, and there is no signal, the container is one of the leftovers.
   */
  async remove(id: string, signal?: AbortSignal): Promise<void> {
    await this.leftovers.remove(id, signal);
  }

  async #removeOnce(id: string, signal?: AbortSignal): Promise<void> {
    const call = { method: "DELETE", path: `/containers/${id}`, query: { force: "1", v: "1" }, signal } as const;
    await this.#heavy.within(() => this.#connection.unless404(call));
  }

  async list(label: string, signal?: AbortSignal): Promise<readonly ListedContainer[]> {
    const query = { all: "1", filters: JSON.stringify({ label: [label] }) };
    return v.parse(Listed, await this.#connection.call({ method: "GET", path: "/containers/json", query, signal }));
  }

  /** Limits the processes of a container that runs. Nothing when it has gone. */
  async limitPids(id: string, pids: number, signal?: AbortSignal): Promise<void> {
    const body = { PidsLimit: pids };
    await this.#connection.unless404({ method: "POST", path: `/containers/${id}/update`, body, signal });
  }
}
