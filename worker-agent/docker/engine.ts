// The Docker engine as the agent uses it: each call with a time limit, each answer parsed once. dockerode finds the engine
// (DOCKER_HOST, TLS, ssh, the usual sockets) and speaks HTTP with it; its own methods are not used, because they put a
// container's whole configuration into the query string and have no types for what comes back.

import { Duplex, Readable } from "node:stream";
import Docker from "dockerode";
import * as v from "valibot";
import { messageOf } from "../fault.ts";
import { engineCallMs } from "../limits.ts";
import { within } from "../retry.ts";

/** The engine's answer to a request that it could not do. Without a status it was not reached. */
export class EngineError extends Error {
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined, cause: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

const Info = v.object({
  NCPU: v.number(),
  MemTotal: v.number(),
  ServerVersion: v.string(),
  Driver: v.string(),
});

const ContainerState = v.object({
  Id: v.string(),
  State: v.object({
    Status: v.string(),
    Running: v.boolean(),
    OOMKilled: v.boolean(),
    Pid: v.number(),
    ExitCode: v.number(),
    Error: v.string(),
    StartedAt: v.string(),
    FinishedAt: v.string(),
  }),
});
export type ContainerState = v.InferOutput<typeof ContainerState>;

const Listed = v.array(v.object({ Id: v.string(), State: v.string(), Labels: v.record(v.string(), v.string()) }));
export type ListedContainer = v.InferOutput<typeof Listed>[number];

const words = v.nullish(v.array(v.string()), []);
const Image = v.object({ Id: v.string(), Config: v.nullish(v.object({ Entrypoint: words, Cmd: words })) });
export interface ImageInfo {
  readonly id: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}

interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly signal?: AbortSignal | undefined;
  /** `stream` resolves with the answer's body as it comes, `hijack` with the connection itself. */
  readonly as?: "stream" | "hijack";
  /** The whole call's limit; a stream's body has its own. */
  readonly limitMs?: number;
}

/** What this file uses of docker-modem. */
interface Modem {
  dial(options: object, done: (error: unknown, answer: unknown) => void): void;
}

const statusCodes: Readonly<Record<number, true>> = { 200: true, 201: true, 204: true, 304: true };

export class Engine {
  readonly #modem: Modem;

  constructor(docker: Docker = new Docker()) {
    this.#modem = docker.modem;
  }

  async info(signal?: AbortSignal) {
    const info = v.parse(Info, await this.#call({ method: "GET", path: "/info", signal }));
    return { cpus: info.NCPU, memoryBytes: info.MemTotal, version: info.ServerVersion, storage: info.Driver };
  }

  /** The new container's id. */
  async create(name: string, body: object, signal?: AbortSignal): Promise<string> {
    const answer = await this.#call({ method: "POST", path: "/containers/create", query: { name }, body, signal });
    return v.parse(v.object({ Id: v.string() }), answer).Id;
  }

  /** The container's output from now on, multiplexed; with `replay` also what it printed before. */
  async attach(id: string, replay: boolean, signal?: AbortSignal): Promise<Readable> {
    const query = { stream: "1", stdout: "1", stderr: "1", ...(replay ? { logs: "1" } : {}) };
    return readable(
      await this.#call({ method: "POST", path: `/containers/${id}/attach`, query, as: "hijack", signal }),
    );
  }

  /** What an ended container printed, multiplexed. */
  async logs(id: string, signal?: AbortSignal): Promise<Readable> {
    const query = { stdout: "1", stderr: "1" };
    return readable(await this.#call({ method: "GET", path: `/containers/${id}/logs`, query, as: "stream", signal }));
  }

  async start(id: string, signal?: AbortSignal): Promise<void> {
    await this.#call({ method: "POST", path: `/containers/${id}/start`, signal });
  }

  /** The exit code, at once if the container has ended. */
  async wait(id: string, limitMs: number, signal?: AbortSignal): Promise<number> {
    const answer = await this.#call({ method: "POST", path: `/containers/${id}/wait`, limitMs, signal });
    return v.parse(v.object({ StatusCode: v.number() }), answer).StatusCode;
  }

  async inspect(id: string, signal?: AbortSignal): Promise<ContainerState | undefined> {
    const answer = await this.#unless404({ method: "GET", path: `/containers/${id}/json`, signal });
    return answer === undefined ? undefined : v.parse(ContainerState, answer);
  }

  /** Processes as the engine's `ps` shows them. */
  async top(id: string, psArgs: string, signal?: AbortSignal) {
    const answer = await this.#call({
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
      await this.#call({ method: "POST", path: `/containers/${id}/kill`, query: { signal: signalName }, signal });
      return true;
    } catch (error) {
      if (error instanceof EngineError && (error.status === 404 || error.status === 409)) return false;
      throw error;
    }
  }

  /** Removes a container in any state, with its anonymous volumes. Nothing when it is gone. */
  async remove(id: string, signal?: AbortSignal): Promise<void> {
    await this.#unless404({ method: "DELETE", path: `/containers/${id}`, query: { force: "1", v: "1" }, signal });
  }

  async list(label: string, signal?: AbortSignal): Promise<readonly ListedContainer[]> {
    const query = { all: "1", filters: JSON.stringify({ label: [label] }) };
    return v.parse(Listed, await this.#call({ method: "GET", path: "/containers/json", query, signal }));
  }

  async image(name: string, signal?: AbortSignal): Promise<ImageInfo | undefined> {
    const answer = await this.#unless404({ method: "GET", path: `/images/${name}/json`, signal });
    if (answer === undefined) return undefined;
    const { Id, Config } = v.parse(Image, answer);
    return { id: Id, entrypoint: Config?.Entrypoint ?? [], cmd: Config?.Cmd ?? [] };
  }

  /** Begins an anonymous pull; the answer is a stream of JSON lines in which errors come too. Destroying it ends the pull. */
  async pull(repository: string, tag: string, signal: AbortSignal): Promise<Readable> {
    const query = { fromImage: repository, tag };
    return readable(await this.#call({ method: "POST", path: "/images/create", query, as: "stream", signal }));
  }

  async createNetwork(body: object, signal?: AbortSignal): Promise<void> {
    await this.#call({ method: "POST", path: "/networks/create", body, signal });
  }

  async hasNetwork(name: string, signal?: AbortSignal): Promise<boolean> {
    return (await this.#unless404({ method: "GET", path: `/networks/${name}`, signal })) !== undefined;
  }

  async removeNetwork(name: string, signal?: AbortSignal): Promise<void> {
    await this.#unless404({ method: "DELETE", path: `/networks/${name}`, signal });
  }

  async #unless404(call: Call): Promise<unknown> {
    try {
      return await this.#call(call);
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return undefined;
      throw error;
    }
  }

  #call({ method, path, query = {}, body = {}, signal, as, limitMs = engineCallMs }: Call): Promise<unknown> {
    // A signal handed to docker-modem lives as long as the stream; a stream's time limit is its reader's.
    const abortSignal = as === undefined ? within(limitMs, signal) : signal;
    return new Promise((resolve, reject) => {
      const options = {
        method,
        path: `${path}?`,
        options: { _query: query, _body: body },
        statusCodes,
        isStream: as !== undefined,
        hijack: as === "hijack",
        ...(abortSignal ? { abortSignal } : {}),
      };
      this.#modem.dial(options, (error, answer) => {
        if (error === null || error === undefined) return resolve(answer);
        if (signal?.aborted) return reject(signal.reason);
        reject(engineError(error, `${method} ${path}`));
      });
    });
  }
}

function engineError(error: unknown, what: string): EngineError {
  const parsed = v.safeParse(
    v.object({ statusCode: v.number(), json: v.nullish(v.object({ message: v.string() })) }),
    error,
  );
  if (!parsed.success) return new EngineError(`Docker did not answer ${what}: ${messageOf(error)}`, undefined, error);
  const text = parsed.output.json?.message ?? messageOf(error).replace(/^\(HTTP code \d+\) [^-]*- /, "");
  return new EngineError(text.trim(), parsed.output.statusCode, error);
}

function readable(answer: unknown): Readable {
  if (answer instanceof Readable || answer instanceof Duplex) return answer;
  throw new Error("Docker answered with no stream.");
}
