// Blobs on their way into the deployment's store: large ones asked for first, then sent with length and checksum, so that the edge can
// store them itself or send us on to a signed address.

import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import * as v from "valibot";
import { checksumHeader, ExistsAnswer, paths } from "../../wire/http.ts";
import type { Sha256 } from "../../wire/ids.ts";
import { wholeBlobBytesMax } from "../../wire/limits.ts";
import { JobFault, messageOf } from "../fault.ts";
import { askFirstBytes, redirectsMax, smallFileBytes, uploadRetry } from "../limits.ts";
import { retrying } from "../retry.ts";
import { fileBody } from "./fileBody.ts";
import { type MultipartTools, uploadInParts } from "./multipart.ts";
import {
  ConnectionFault,
  errorOf,
  type RequestBody,
  type RequestOptions,
  request,
  ServerFault,
  textOf,
} from "./request.ts";
import type { TransferWatch } from "./tally.ts";

export interface Blob {
  readonly hash: Sha256;
  readonly size: number;
  /** A file's path, or the content. */
  readonly path: string | Buffer;
  /** What it is, in an error's sentence. */
  readonly what: string;
  /** The store can't have it yet: it is not asked. */
  readonly isNew?: boolean;
}

export interface UploadTools extends MultipartTools {
  readonly api: string;
  /** A file above this goes in parts where the store takes them. */
  readonly wholeBytesMax?: number;
  /** The longest silence in a transfer. */
  readonly silenceMs?: number;
}

export class BlobUpload {
  readonly #tools: UploadTools;
  readonly #api: string;
  readonly #random: () => number;
  readonly #ways: Pick<RequestOptions, "silenceMs" | "upstream">;

  constructor(tools: UploadTools) {
    this.#tools = tools;
    this.#api = tools.api;
    this.#random = tools.random;
    const { silenceMs, upstream } = tools;
    this.#ways = { upstream, ...(silenceMs === undefined ? {} : { silenceMs }) };
  }

  /** Stores the blob unless the store has it. @throws JobFault with a sentence. */
  async upload(blob: Blob, signal: AbortSignal, watch?: TransferWatch): Promise<void> {
    try {
      if (await this.#sentInParts(blob, signal)) return void watch?.sent(blob.size);
      await retrying(
        async () => {
          const sent = !blob.isNew && blob.size > askFirstBytes && (await this.#exists(blob.hash, signal));
          if (!sent) await this.#put(blob, signal, watch);
          watch?.sent(blob.size);
        },
        {
          backoff: uploadRetry,
          retryable: (error) => {
            const passes = error instanceof ConnectionFault || error instanceof ServerFault;
            if (passes) watch?.failed(messageOf(error));
            return passes;
          },
          random: this.#random,
          signal,
        },
      );
    } catch (cause) {
      signal.throwIfAborted();
      throw new JobFault(
        `Uploading ${blob.what} (${blob.size} bytes) failed: ${messageOf(cause).replace(/\.$/, "")}.`,
        { cause },
      );
    }
  }

  async #sentInParts({ hash, size, path }: Blob, signal: AbortSignal): Promise<boolean> {
    const { wholeBytesMax = wholeBlobBytesMax } = this.#tools;
    if (size <= wholeBytesMax || typeof path !== "string") return false;
    return (await uploadInParts({ hash, size, path }, this.#tools, signal)) === "stored";
  }

  async #exists(hash: Sha256, signal: AbortSignal): Promise<boolean> {
    const response = await request(new URL(`${paths.blob(hash)}/exists`, this.#api), {
      ...this.#ways,
      method: "GET",
      signal,
    });
    const status = response.statusCode ?? 0;
    if (status >= 500 || status === 429)
      throw new ServerFault(`the store answered ${status}: ${await errorOf(response)}`);
    const text = await textOf(response);
    if (status === 404) return false;
    const parsed = v.safeParse(ExistsAnswer, jsonOf(text));
    return status === 200 && parsed.success && parsed.output.exists;
  }

  async #put({ hash, size, path }: Blob, signal: AbortSignal, watch?: TransferWatch): Promise<void> {
    const headers = {
      "content-type": "application/octet-stream",
      [checksumHeader]: Buffer.from(hash, "hex").toString("base64"),
    };
    const body: RequestBody = {
      size,
      open: () => {
        if (typeof path !== "string") return path;
        // A stream costs more than a small file's content.
        if (size < smallFileBytes) return readFileSync(path);
        return fileBody(path, { start: 0, end: size }, (bytes) => watch?.sent(bytes));
      },
    };
    let url = new URL(paths.blob(hash), this.#api);
    for (let redirects = 0; redirects <= redirectsMax; redirects += 1) {
      const response = await request(url, { ...this.#ways, method: "PUT", signal, headers, body });
      const { location } = response.headers;
      const status = response.statusCode ?? 0;
      if (status < 300 || status >= 400 || location === undefined || !URL.canParse(location, url.href)) {
        return await settle(response, status);
      }
      response.resume();
      url = new URL(location, url);
    }
    throw new Error("the store redirects for ever");
  }
}

async function settle(response: IncomingMessage, status: number): Promise<void> {
  if (status >= 200 && status < 300) {
    response.resume();
    return;
  }
  const sentence = `the store answered ${status}: ${await errorOf(response)}`;
  throw status >= 500 || status === 429 ? new ServerFault(sentence) : new Error(sentence);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
