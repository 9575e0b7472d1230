// The Docker engine as the agent uses it: each call with a time limit, each answer parsed once.

import { availableParallelism } from "node:os";
import { Duplex, Readable } from "node:stream";
import Modem from "docker-modem";
import * as v from "valibot";
import { Gate } from "../gate.ts";
import { engineWorkPerCpu } from "../limits.ts";
import type { Usage } from "../usage/cgroup.ts";
import {
  ContainerState,
  EngineError,
  Image,
  type ImageInfo,
  ImageList,
  Info,
  isEngineLoss,
  Listed,
  type ListedContainer,
  type ListedImage,
  ListedNetworks,
  Network,
  type NetworkInfo,
  Stats,
  usageOf,
} from "./engineAnswers.ts";
import { EngineConnection } from "./engineConnection.ts";
import { Leftovers } from "./leftovers.ts";
import { forPodman } from "./podman.ts";

export class Engine {
  readonly leftovers = new Leftovers((id, signal) => this.#removeOnce(id, signal));
  readonly #connection: EngineConnection;
  /** Creating, starting and removing: more at once makes each slower and none sooner (docker-perf: 2 for each core). */
  readonly #heavy = new Gate(engineWorkPerCpu * availableParallelism());

  /** As far as it has been asked. */
  #isPodman = false;

  constructor(modem: Modem = new Modem()) {
    this.#connection = new EngineConnection(modem);
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

  async image(name: string, signal?: AbortSignal): Promise<ImageInfo | undefined> {
    const answer = await this.#connection.unless404({ method: "GET", path: `/images/${name}/json`, signal });
    if (answer === undefined) return undefined;
    const { Id, RepoDigests, Size, Config } = v.parse(Image, answer);
    return {
      id: Id,
      bytes: Size,
      digests: RepoDigests,
      entrypoint: Config?.Entrypoint ?? [],
      cmd: Config?.Cmd ?? [],
      env: Config?.Env ?? [],
      onBuild: Config?.OnBuild ?? [],
      labels: Config?.Labels ?? {},
    };
  }

  /** Images with a name, and those without one that nothing else is made from. */
  async images(
    filters: Readonly<Record<string, readonly string[]>>,
    signal?: AbortSignal,
  ): Promise<readonly ListedImage[]> {
    const query = { filters: JSON.stringify(filters) };
    const list = v.parse(
      ImageList,
      await this.#connection.call({ method: "GET", path: "/images/json", query, signal }),
    );
    return list.map(({ Id, RepoTags, Created, Size }) => ({
      id: Id,
      names: RepoTags.filter((name) => name !== "<none>:<none>"),
      createdAt: Created * 1000,
      bytes: Size,
    }));
  }

  /** Begins a pull; the answer is a stream of JSON lines in which errors come too. Destroying it ends the pull. */
  async pull(repository: string, tag: string, login: object | undefined, signal: AbortSignal): Promise<Readable> {
    const query = { fromImage: repository, tag };
    return readable(
      await this.#connection.call({ method: "POST", path: "/images/create", query, login, as: "stream", signal }),
    );
  }

  /** Makes an image of an archive of files. */
  async importImage(
    repository: string,
    tag: string,
    archive: Buffer | Readable,
    { signal, labels = {} }: { readonly signal?: AbortSignal; readonly labels?: Readonly<Record<string, string>> } = {},
  ): Promise<void> {
    const words = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    const changes = words.length === 0 ? {} : { changes: `LABEL ${words.join(" ")}` };
    // Podman takes no tag of its own here; both take it as part of the name.
    const query = { fromSrc: "-", repo: `${repository}:${tag}`, ...changes };
    const path = "/images/create";
    const stream = await this.#connection.call({ method: "POST", path, query, body: archive, as: "stream", signal });
    let said = "";
    for await (const chunk of readable(stream)) said += String(chunk);
    // Once the answer has begun, a failure comes as a line of it.
    if (said.includes('"error"')) throw new EngineError(`The image was not imported: ${said.trim()}`, undefined, said);
  }

  /** Begins a build of that context; the answer is a stream of JSON lines in which errors come too. Destroying it ends the build. */
  async build(query: Readonly<Record<string, string>>, context: Readable, signal: AbortSignal): Promise<Readable> {
    return readable(
      await this.#connection.call({ method: "POST", path: "/build", query, body: context, as: "stream", signal }),
    );
  }

  /** Limits the processes of a container that runs. Nothing when it has gone. */
  async limitPids(id: string, pids: number, signal?: AbortSignal): Promise<void> {
    const body = { PidsLimit: pids };
    await this.#connection.unless404({ method: "POST", path: `/containers/${id}/update`, body, signal });
  }

  /** False when something still needs it. */
  async removeImage(name: string, signal?: AbortSignal): Promise<boolean> {
    try {
      await this.#connection.unless404({ method: "DELETE", path: `/images/${name}`, signal });
      return true;
    } catch (error) {
      if (error instanceof EngineError && error.status === 409) return false;
      throw error;
    }
  }

  async createNetwork(body: object, signal?: AbortSignal): Promise<void> {
    await this.#connection.call({ method: "POST", path: "/networks/create", body, signal });
  }

  async network(name: string, signal?: AbortSignal): Promise<NetworkInfo | undefined> {
    const answer = await this.#connection.unless404({ method: "GET", path: `/networks/${name}`, signal });
    if (answer === undefined) return undefined;
    const { Options, IPAM } = v.parse(Network, answer);
    return {
      options: Options,
      subnets: IPAM.Config.map(({ Subnet, Gateway }) => ({ subnet: Subnet, gateway: Gateway })),
    };
  }

  async networks(label: string, signal?: AbortSignal): Promise<v.InferOutput<typeof ListedNetworks>> {
    const query = { filters: JSON.stringify({ label: [label] }) };
    return v.parse(ListedNetworks, await this.#connection.call({ method: "GET", path: "/networks", query, signal }));
  }

  async removeNetwork(name: string, signal?: AbortSignal): Promise<void> {
    await this.#connection.unless404({ method: "DELETE", path: `/networks/${name}`, signal });
  }
}

function readable(answer: unknown): Readable {
  if (answer instanceof Readable || answer instanceof Duplex) return answer;
  throw new Error("Docker answered with no stream.");
}
