// One HTTP exchange over Node's own client, for what the global fetch can't do: connect to an address that was checked, wait
// for "100 Continue", and stop on silence. It follows no redirects; whoever calls it decides about those.

import type { IncomingMessage, RequestOptions as NodeRequest } from "node:http";
import * as v from "valibot";
import { ErrorBody } from "../../wire/http.ts";
import { messageOf } from "../fault.ts";
import { continueMs, errorBodyBytesMax, expectContinueBytes, transferSilenceMs } from "../limits.ts";
import { http, https } from "../nodeHttp.ts";
import type { SendBody } from "./fileBody.ts";
import type { Address } from "./guard.ts";
import type { Upstream } from "./upstream.ts";

export interface RequestBody {
  readonly size: number;
  /** Called when the server wants the body, at most once. */
  readonly open: () => SendBody | Buffer;
}

export interface RequestOptions {
  readonly method: "GET" | "PUT" | "POST";
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** Connect there, whatever the name says. */
  readonly address?: Address;
  /** The longest silence, of both sides together. */
  readonly silenceMs?: number;
  /** The way to other machines, if there is only one. */
  readonly upstream?: Upstream | undefined;
}

/** The server could not be reached, or the connection broke: worth another try. */
export class ConnectionFault extends Error {}

/** The server is there and has trouble (5xx, 429): worth another try. */
export class ServerFault extends Error {}

const httpAgent = new http.Agent({ keepAlive: true });
const httpsAgent = new https.Agent({ keepAlive: true });

/** Resolves with the head of the answer, whose body must be read or destroyed. It may come before the body was sent. */
export function request(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  const { method, signal, headers = {}, body, address, upstream, silenceMs = transferSilenceMs } = options;
  const secure = url.protocol === "https:";
  const tunnel = upstream?.agentFor(url, address);
  // A pooled connection may lead to another address than the one that was checked.
  const direct = address ? pinned(address) : { agent: secure ? httpsAgent : httpAgent };
  const connection = tunnel ? { agent: tunnel } : direct;
  const expects = body !== undefined && body.size >= expectContinueBytes;
  return new Promise((resolve, reject) => {
    const outgoing = (secure ? https : http).request(url, {
      method,
      signal,
      timeout: silenceMs,
      headers: {
        ...headers,
        ...(body ? { "content-length": String(body.size) } : {}),
        ...(expects ? { expect: "100-continue" } : {}),
      },
      ...connection,
    });
    let answered = false;
    const unwanted = new AbortController();
    const send = once(() => {
      if (!body || answered) return;
      const source = body.open();
      if (Buffer.isBuffer(source)) return void outgoing.end(source);
      source(outgoing, unwanted.signal).then(
        () => outgoing.end(),
        (cause: unknown) => {
          if (!unwanted.signal.aborted) outgoing.destroy(cause instanceof Error ? cause : new Error(messageOf(cause)));
        },
      );
    });
    const patience = expects ? setTimeout(send, continueMs) : undefined;
    outgoing.once("timeout", () => outgoing.destroy(new Error(`nothing came for ${silenceMs / 1000} s`)));
    outgoing.once("continue", send);
    outgoing.once("response", (response) => {
      answered = true;
      clearTimeout(patience);
      // A server that answers before it has read the body (a redirect, a refusal) won't read the rest.
      unwanted.abort();
      if (body && !outgoing.writableEnded) {
        response.once("close", () => outgoing.destroy());
        outgoing.on("error", () => {});
      }
      resolve(response);
    });
    outgoing.on("error", (cause) => {
      clearTimeout(patience);
      unwanted.abort();
      if (signal.aborted) reject(signal.reason);
      else if (!answered) reject(new ConnectionFault(cause.message, { cause }));
    });
    if (!body) outgoing.end();
    else if (expects) outgoing.flushHeaders();
    else send();
  });
}

/** The answer's body as text, of limited length; what is beyond is not read. @throws ConnectionFault when it breaks off. */
export async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      if (!Buffer.isBuffer(chunk)) continue;
      chunks.push(chunk);
      size += chunk.length;
      if (size > errorBodyBytesMax) break;
    }
  } catch (cause) {
    throw new ConnectionFault("the answer broke off", { cause });
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The sentence of a failed answer, if its body has one. */
export async function errorOf(response: IncomingMessage): Promise<string> {
  const text = await textOf(response).catch(() => "");
  return sentenceIn(text) ?? http.STATUS_CODES[response.statusCode ?? 0] ?? "no reason given";
}

function sentenceIn(text: string): string | undefined {
  try {
    const parsed = v.safeParse(ErrorBody, JSON.parse(text));
    return parsed.success ? parsed.output.error : undefined;
  } catch {
    return undefined;
  }
}

function pinned({ address, family }: Address): NodeRequest {
  return {
    agent: false,
    lookup: (_host, options, callback) => {
      if (options.all === true) callback(null, [{ address, family }]);
      else callback(null, address, family);
    },
  };
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}
