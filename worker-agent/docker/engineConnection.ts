// How the engine is called: docker-modem finds it (DOCKER_HOST, TLS, ssh, the usual sockets) and speaks HTTP with it. dockerode's
// methods above it are not used: they put a container's whole configuration into the query string, have no types for what comes
// back, and bring 13 MiB of other protocols along.

import { addAbortSignal, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type DockerModem from "docker-modem";
import { engineCallMs } from "../limits.ts";
import { http } from "../nodeHttp.ts";
import { within } from "../retry.ts";
import { EngineError, engineError } from "./engineAnswers.ts";

export interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** JSON, or a tar archive as it is. */
  readonly body?: object | Buffer | Readable;
  /** The login to a registry that the engine should use. */
  readonly login?: object | undefined;
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

export class EngineConnection {
  readonly #modem: Modem;
  /** The same by a new connection each time: an engine that is about to end still answers on those that it has. */
  readonly #afresh: Modem;

  constructor(modem: DockerModem) {
    this.#modem = modem;
    const plain = "protocol" in modem && modem.protocol === "http";
    this.#afresh = plain ? Object.create(modem, { agent: { value: new http.Agent() } }) : modem;
  }

  call(call: Call): Promise<unknown> {
    return dial(this.#modem, call);
  }

  /** Fails when the engine takes no new connections any more. */
  callAfresh(call: Call): Promise<unknown> {
    return dial(this.#afresh, call);
  }

  /** Undefined for what does not exist. */
  async unless404(call: Call): Promise<unknown> {
    try {
      return await this.call(call);
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return undefined;
      throw error;
    }
  }
}

async function dial(modem: Modem, call: Call): Promise<unknown> {
  const { method, path, signal, as, limitMs = engineCallMs } = call;
  // A signal handed to docker-modem lives as long as the stream; a stream's time limit is its reader's.
  const abortSignal = as === undefined ? within(limitMs, signal) : signal;
  try {
    const answer = await begun(modem, call, abortSignal);
    return as === undefined ? await whole(answer, abortSignal) : answer;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw engineError(error, `${method} ${path}`);
  }
}

/** The answer as a stream, once it has begun. */
function begun(
  modem: Modem,
  { method, path, query = {}, body = {}, login, as }: Call,
  abortSignal: AbortSignal | undefined,
): Promise<unknown> {
  const isArchive = Buffer.isBuffer(body) || body instanceof Readable;
  return new Promise((resolve, reject) => {
    const options = {
      method,
      path: `${path}?`,
      options: { _query: query, ...(isArchive ? {} : { _body: body }) },
      ...(isArchive ? { file: body } : {}),
      ...(login === undefined ? {} : { authconfig: login }),
      statusCodes,
      isStream: true,
      hijack: as === "hijack",
      ...(abortSignal ? { abortSignal } : {}),
    };
    modem.dial(options, (error, answer) => {
      if (error === null || error === undefined) resolve(answer);
      else reject(error);
    });
  });
}

/**
 * Read here, not by docker-modem, which waits for ever for the rest of an answer when the engine dies in the middle of it: a
 * wait for a container's end has its head at once, and its body hours later.
 */
async function whole(answer: unknown, signal: AbortSignal | undefined): Promise<unknown> {
  if (!(answer instanceof Readable)) throw new Error("the answer is no stream");
  const read = await text(signal ? addAbortSignal(signal, answer) : answer);
  try {
    return JSON.parse(read);
  } catch {
    // Some say a word, or nothing.
    return read;
  }
}

/** @throws where the engine answered with something else */
export function readable(answer: unknown): Readable {
  if (answer instanceof Readable) return answer;
  throw new Error("Docker answered with no stream.");
}
