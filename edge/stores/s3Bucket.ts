// Requests to one bucket of an S3-compatible store: signed, tried again, answered or failed. And what its objects are called.

import { AwsClient } from "aws4fetch";
import type { BlobKey } from "../../wire/ids.ts";
import { storeAnswerMs, storeAttempts, storeRetryMs } from "../limits.ts";
import type { SizedBody } from "./platform.ts";
import { childrenOf, readXml, type Xml } from "./xml.ts";

export interface S3Settings {
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** For anything that is not AWS; addresses are then path-style. */
  readonly endpoint?: string | undefined;
  /** The least size of all parts but the last of a large blob. */
  readonly partBytes?: number;
  /** How long the store may be silent, in milliseconds. */
  readonly answerMs?: number;
}

export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** None for a request about the bucket itself. Ids, hashes and blob keys need no encoding. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** A body that can't be sent again. Its end and its sender's silence are its own affair, by `signal`. */
  readonly sized?: SizedBody;
  /** In place of the bucket's own time for an answer to begin. */
  readonly answerMs?: number;
  readonly signal?: AbortSignal;
}

/** What a store answers that is no success. */
export class S3Fault extends Error {
  override readonly name = "S3Fault";
  readonly status: number;
  /** S3's own name for it; empty where the answer has none, as to HEAD. */
  readonly code: string;

  constructor(status: number, answer: Xml | undefined) {
    const { Code = "", Message = "" } = answer === undefined ? {} : childrenOf(answer);
    super(`The store answered ${[status, Code, Message].join(" ").trim()}`);
    this.status = status;
    this.code = Code;
  }
}

export class S3Bucket {
  readonly name: string;
  readonly #origin: string;
  readonly #client: AwsClient;
  readonly #answerMs: number;

  constructor({ bucket, region, endpoint, accessKeyId, secretAccessKey, answerMs = storeAnswerMs }: S3Settings) {
    this.name = bucket;
    this.#answerMs = answerMs;
    this.#origin = endpoint === undefined ? `https://${bucket}.s3.${region}.amazonaws.com` : `${endpoint}/${bucket}`;
    this.#client = new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3" });
  }

  /** For an answer whose body the caller reads. @throws S3Fault */
  async open(request: S3Request): Promise<Response> {
    const response = await this.#fetch(request);
    if (response.ok) return response;
    throw new S3Fault(response.status, readXml(await response.text()));
  }

  /** For an answer that is empty or XML, which is read. @throws S3Fault */
  async send(request: S3Request): Promise<{ readonly headers: Headers; readonly answer: Xml | undefined }> {
    const response = await this.open(request);
    const answer = readXml(await response.text());
    // S3 begins some answers before it knows how the work ends.
    if (answer?.name === "Error") throw new S3Fault(response.status, answer);
    return { headers: response.headers, answer };
  }

  /** An address for whoever sends exactly this request, these headers included, within that time. */
  async sign(request: Omit<S3Request, "body" | "sized" | "signal">, seconds: number): Promise<string> {
    const { method, query, headers = {} } = request;
    const url = this.#url({ ...request, query: { ...query, "X-Amz-Expires": String(seconds) } });
    const { url: signed } = await this.#client.sign(url, {
      method,
      headers,
      aws: { signQuery: true, allHeaders: true },
    });
    // What is signed is %20, which not every store reads from a plus.
    return signed.replaceAll("+", "%20");
  }

  async #fetch(request: S3Request): Promise<Response> {
    const { sized, signal, answerMs = this.#answerMs } = request;
    if (sized !== undefined) return await this.#attempt(request, signal);
    // A timer that nobody ends keeps a Durable Object awake: AbortSignal.timeout() would.
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(new Error("The store did not answer in time.")), answerMs);
    const ended = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
    try {
      for (let attempt = 1; ; attempt++) {
        const isLast = attempt === storeAttempts;
        try {
          const response = await this.#attempt(request, ended);
          if (isLast || response.status < 500) return response;
          await response.body?.cancel();
        } catch (error) {
          if (isLast || ended.aborted) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, Math.random() * storeRetryMs * 2 ** attempt));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #attempt(request: S3Request, signal: AbortSignal | undefined): Promise<Response> {
    const { method, headers = {}, body = null, sized } = request;
    const init = { method, headers, body, signal: signal ?? null, ...sized };
    return await fetch(await this.#client.sign(this.#url(request), init));
  }

  #url({ key, query = {} }: Pick<S3Request, "key" | "query">): string {
    const path = key === undefined ? this.#origin : `${this.#origin}/${key}`;
    const search = new URLSearchParams(query).toString();
    return search === "" ? path : `${path}?${search}`;
  }
}

/** Below it lie bodies that are not checked yet; the bucket's lifecycle removes what was left behind. */
export const temporaryPrefix = "tmp/";

export function objectKey(key: BlobKey): string {
  return `f/${key}`;
}

/** Undefined where the store says that there is no such object. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof S3Fault && error.status === 404) return undefined;
    throw error;
  }
}
