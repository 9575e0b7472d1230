// Reading what a URL names. This deployment's own files come from the agent's API address; everything else passes the guard,
// again on each redirect.

import type { IncomingMessage } from "node:http";
import { isDiskFull, JobFault, messageOf } from "../fault.ts";
import { fetchRetry, inputMs, redirectsMax } from "../limits.ts";
import { retrying, within } from "../retry.ts";
import { type GuardOptions, guardedAddress, shown } from "./guard.ts";
import { ConnectionFault, errorOf, request, ServerFault } from "./request.ts";

export interface SourcesOptions {
  readonly api: string;
  /** This deployment's own addresses as its queue names them. */
  readonly origins: readonly string[];
  readonly guard: GuardOptions;
  readonly random: () => number;
  /** The longest silence in a transfer. */
  readonly silenceMs?: number;
}

/** A server that is there and says no: another try changes nothing. */
export class Refused extends JobFault {}

export interface Question {
  /** For the first server alone, not for where it redirects to. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Is posted. */
  readonly body?: string;
}

export class Sources {
  readonly #options: SourcesOptions;
  readonly #own: ReadonlySet<string>;

  constructor(options: SourcesOptions) {
    this.#options = options;
    this.#own = new Set([options.api, ...options.origins].map((address) => new URL(address).origin));
  }

  /**
   * Gives the body of a 2xx answer to `take`, once for each try.
   * @throws JobFault with a sentence when it can't be read.
   */
  async read<T>(
    address: string,
    signal: AbortSignal,
    take: (body: IncomingMessage) => Promise<T>,
    question: Question = {},
  ): Promise<T> {
    if (!URL.canParse(address)) throw new JobFault(`"${address.slice(0, 200)}" is not a URL.`);
    const url = new URL(address);
    const limited = within(inputMs, signal);
    try {
      return await retrying(
        async () => {
          const body = await this.#open(url, question, limited);
          try {
            return await take(body);
          } finally {
            body.destroy();
          }
        },
        { backoff: fetchRetry, retryable: isRetryable, random: this.#options.random, signal: limited },
      );
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof JobFault || isDiskFull(cause)) throw cause;
      if (limited.aborted) throw new JobFault(`${shown(url)} took longer than ${inputMs / 60_000} minutes.`, { cause });
      throw new JobFault(`${shown(url)} could not be read: ${messageOf(cause)}.`, { cause });
    }
  }

  async #open(first: URL, { headers = {}, body }: Question, signal: AbortSignal): Promise<IncomingMessage> {
    let url = first;
    let trusted = false;
    for (let redirects = 0; redirects <= redirectsMax; redirects += 1) {
      const ours = this.#ours(url);
      const address = ours || trusted ? undefined : await guardedAddress(url, this.#options.guard);
      const response = await request(ours ?? url, {
        method: body === undefined ? "GET" : "POST",
        signal,
        upstream: this.#options.guard.upstream,
        headers: {
          ...(url.origin === first.origin ? headers : {}),
          "accept-encoding": "identity",
          "user-agent": "longshore-agent",
        },
        ...(body === undefined ? {} : { body: { size: Buffer.byteLength(body), open: () => Buffer.from(body) } }),
        ...(address ? { address } : {}),
        ...(this.#options.silenceMs === undefined ? {} : { silenceMs: this.#options.silenceMs }),
      });
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) return response;
      const { location } = response.headers;
      const leads = status >= 300 && status < 400 && location !== undefined && URL.canParse(location, url.href);
      if (!leads || body !== undefined) {
        throw await faultOf(url, response);
      }
      response.destroy();
      // Our own edge sends us on to the store that it signed for, wherever that is. Its other routes may repeat an address
      // that a stranger wrote.
      trusted = trusted || ours?.pathname.startsWith("/f/") === true;
      url = new URL(location, ours ?? url);
    }
    throw new JobFault(`${shown(first)} redirects more than ${redirectsMax} times.`);
  }

  /** Whether a blob of this deployment is meant. */
  isOurs(address: string): boolean {
    return URL.canParse(address) && this.#ours(new URL(address))?.pathname.startsWith("/f/") === true;
  }

  /** The same at the agent's API address, if it is a file of this deployment. */
  #ours(url: URL): URL | undefined {
    if (!this.#own.has(url.origin) || !/^\/(?:f|j|q)\//.test(url.pathname)) return undefined;
    return new URL(`${url.pathname}${url.search}`, this.#options.api);
  }
}

async function faultOf(url: URL, response: IncomingMessage): Promise<Error> {
  const status = response.statusCode ?? 0;
  const sentence = `${shown(url)} answered ${status}: ${await errorOf(response)}`;
  response.destroy();
  return status >= 500 || status === 429 ? new ServerFault(sentence) : new Refused(`${sentence.replace(/\.$/, "")}.`);
}

function isRetryable(error: unknown): boolean {
  if (error instanceof JobFault) return false;
  return error instanceof ConnectionFault || error instanceof ServerFault || isBrokenTransfer(error);
}

/** A body that ended before its length: Node names it so. */
function isBrokenTransfer(error: unknown): boolean {
  return error instanceof Error && /aborted|premature close|ECONNRESET|nothing came/i.test(`${error.message}`);
}
