// A large file on its way into the store in parts: the control plane signs an address for each, over this agent's own socket.
// A connection that breaks costs a part, a control plane that restarts nothing.

import { partUrlsMax } from "../../wire/limits.ts";
import { abortUploadMs, partsAtOnce, uploadRetry } from "../limits.ts";
import { eachAtOnce } from "../pool.ts";
import type { AskUpload, UploadOutcome, UploadStep } from "../queue/questions.ts";
import { retrying, within } from "../retry.ts";
import { fileBody } from "./fileBody.ts";
import { ConnectionFault, errorOf, request, ServerFault } from "./request.ts";
import type { Upstream } from "./upstream.ts";

export interface LargeFile {
  readonly hash: UploadStep["hash"];
  readonly size: number;
  readonly path: string;
}

export interface MultipartTools {
  readonly ask: AskUpload;
  readonly random: () => number;
  readonly upstream?: Upstream | undefined;
}

/** `stored`, or `whole` where the store takes no parts. @throws an Error with a sentence. */
export async function uploadInParts(
  file: LargeFile,
  tools: MultipartTools,
  signal: AbortSignal,
): Promise<"stored" | "whole"> {
  const begun = await step(file, { do: "begin" }, tools, signal);
  switch (begun.is) {
    case "stored":
    case "whole":
      return begun.is;
    case "begun":
      break;
    default:
      throw unexpected(begun);
  }
  const { upload, partBytes } = begun;
  try {
    const etags = await sendParts(file, { upload, partBytes }, tools, signal);
    const ended = await step(file, { do: "complete", upload, etags }, tools, signal);
    if (ended.is !== "stored") throw unexpected(ended);
    return "stored";
  } catch (error) {
    // Parts that nobody needs cost money. Where this fails too, the bucket's lifecycle removes them.
    const { hash, size } = file;
    void tools.ask({ hash, size, step: { do: "abort", upload } }, within(abortUploadMs)).catch(() => {});
    throw error;
  }
}

interface Begun {
  readonly upload: string;
  readonly partBytes: number;
}

/** What the store answered to each part. */
async function sendParts(
  file: LargeFile,
  { upload, partBytes }: Begun,
  tools: MultipartTools,
  signal: AbortSignal,
): Promise<string[]> {
  const etags: string[] = [];
  const parts = Math.ceil(file.size / partBytes);
  const sign = async (first: number, count: number) => {
    const signed = await step(file, { do: "sign", upload, first, count }, tools, signal);
    return signed.is === "signed" ? signed.urls : Promise.reject(unexpected(signed));
  };
  for (let first = 1; first <= parts; first += partUrlsMax) {
    const urls = await sign(first, Math.min(partUrlsMax, parts - first + 1));
    await eachAtOnce(urls.entries(), partsAtOnce, signal, async ([index, url], signal) => {
      const number = first + index;
      let address: string | undefined = url;
      etags[number - 1] = await retrying(
        async () => {
          // An address that failed may have become too old.
          const [fresh] = address === undefined ? await sign(number, 1) : [address];
          address = undefined;
          return await sendPart(file, { url: fresh ?? "", number, partBytes, upstream: tools.upstream }, signal);
        },
        { backoff: uploadRetry, retryable: isPassing, random: tools.random, signal },
      );
    });
  }
  return etags;
}

interface Part {
  readonly url: string;
  readonly number: number;
  readonly partBytes: number;
  readonly upstream: Upstream | undefined;
}

async function sendPart(
  { path, size }: LargeFile,
  { url, number, partBytes, upstream }: Part,
  signal: AbortSignal,
): Promise<string> {
  const start = (number - 1) * partBytes;
  const end = Math.min(start + partBytes, size);
  const open = () => fileBody(path, { start, end });
  const response = await request(new URL(url), { method: "PUT", signal, upstream, body: { size: end - start, open } });
  const status = response.statusCode ?? 0;
  const { etag } = response.headers;
  if (status === 200 && etag !== undefined) {
    response.resume();
    return etag;
  }
  const sentence = `the store answered ${status} to part ${number}: ${await errorOf(response)}`;
  // 403 is also what an address gets that is too old.
  throw status >= 500 || status === 429 || status === 403 ? new ServerFault(sentence) : new Error(sentence);
}

/** One step; tried again as long as the control plane says that this may help. */
async function step(
  { hash, size }: LargeFile,
  what: UploadStep["step"],
  { ask, random }: MultipartTools,
  signal: AbortSignal,
): Promise<UploadOutcome> {
  return retrying(
    async () => {
      const outcome = await ask({ hash, size, step: what }, signal);
      if (outcome.is === "refused" && outcome.again) throw new ServerFault(outcome.error);
      return outcome;
    },
    { backoff: uploadRetry, retryable: isPassing, random, signal },
  );
}

function isPassing(error: unknown): boolean {
  return error instanceof ConnectionFault || error instanceof ServerFault;
}

function unexpected(outcome: UploadOutcome): Error {
  return new Error(outcome.is === "refused" ? outcome.error : `the control plane answered "${outcome.is}"`);
}
