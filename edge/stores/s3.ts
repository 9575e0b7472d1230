// Blobs in S3 or R2. Bytes go between the client and the store by signed URLs; the edge carries them only where a signature
// can't promise what they are, and then shows none that it has not checked.

import { checksumHeader } from "../../wire/http.ts";
import type { BlobKey } from "../../wire/ids.ts";
import { gatheredBytesMax, partBytesMin, signedUrlSeconds } from "../limits.ts";
import { attachment } from "../routes/download.ts";
import type { BlobInfo, BlobPut, BlobStore, ByteRange, PartUploads, PutOutcome, SignedUrls } from "./blobStore.ts";
import { BodyFault, type BodySource, checkBody, chunksOf, hashOutcome, outcomeOf } from "./body.ts";
import type { StorePlatform } from "./platform.ts";
import { objectKey, S3Bucket, S3Fault, type S3Settings, temporaryPrefix, unlessMissing } from "./s3Bucket.ts";
import { s3Parts } from "./s3Parts.ts";

export class S3Store implements BlobStore {
  readonly signed: SignedUrls;
  readonly parts: PartUploads;
  readonly bucket: S3Bucket;
  readonly #platform: StorePlatform;

  constructor(settings: S3Settings, platform: StorePlatform) {
    this.#platform = platform;
    this.bucket = new S3Bucket(settings);
    this.signed = signedUrls(this.bucket);
    this.parts = s3Parts(this.bucket, settings.partBytes ?? partBytesMin);
  }

  async info(key: BlobKey): Promise<BlobInfo | undefined> {
    const head = await unlessMissing(this.bucket.open({ method: "HEAD", key: objectKey(key) }));
    if (!head) return undefined;
    const [size, modified] = [head.headers.get("content-length"), head.headers.get("last-modified")];
    if (size === null) throw new Error("The store told no length of a blob.");
    return { size: Number(size), modifiedAt: modified === null ? undefined : Date.parse(modified) };
  }

  async read(key: BlobKey, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    const headers: Record<string, string> = range ? { range: `bytes=${range.start}-${range.end}` } : {};
    const object = await unlessMissing(this.bucket.open({ method: "GET", key: objectKey(key), headers }));
    return object?.body ?? undefined;
  }

  async check(body: BodySource, put: BlobPut): Promise<PutOutcome> {
    return checkBody(body, put, this.#platform.hasher());
  }

  async write(key: BlobKey, body: BodySource, put: BlobPut): Promise<PutOutcome> {
    if (!put.hash && (await this.info(key))) return "exists";
    return outcomeOf(() =>
      put.length !== undefined && put.length > gatheredBytesMax
        ? this.#stream(key, body, put, put.length)
        : this.#gather(key, body, put),
    );
  }

  /** A small body is checked in memory, then written. */
  async #gather(key: BlobKey, stream: BodySource, put: BlobPut): Promise<PutOutcome> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const hasher = this.#platform.hasher();
    for await (const chunk of chunksOf(stream, put)) {
      length += chunk.length;
      // The store takes a stream only with its length known.
      if (length > gatheredBytesMax) return "needsLength";
      hasher.update(chunk);
      chunks.push(chunk);
    }
    if (hashOutcome(put, hasher) === "mismatch") return "mismatch";
    const body = joined(chunks, length);
    return this.#once(put, (condition) =>
      this.bucket.send({
        method: "PUT",
        key: objectKey(key),
        headers: { "content-type": binary, ...condition },
        body,
      }),
    );
  }

  /** A large one is hashed on its way to a temporary object, which becomes the blob only if it is what it should be. */
  async #stream(key: BlobKey, body: BodySource, put: BlobPut, length: number): Promise<PutOutcome> {
    const temporary = temporaryPrefix + crypto.randomUUID();
    try {
      const outcome = await this.#streamTo(temporary, body, put, length);
      if (outcome !== "stored") return outcome;
      const headers = { "x-amz-copy-source": `${this.bucket.name}/${temporary}` };
      return await this.#once(put, (condition) =>
        this.bucket.send({ method: "PUT", key: objectKey(key), headers: { ...headers, ...condition } }),
      );
    } finally {
      // What can't be removed now goes by the bucket's lifecycle.
      await this.bucket.send({ method: "DELETE", key: temporary }).catch(() => {});
    }
  }

  async #streamTo(key: string, body: BodySource, put: BlobPut, length: number): Promise<PutOutcome> {
    const hasher = this.#platform.hasher();
    const stopped = new AbortController();
    let fault: unknown;
    const chunks = chunksOf(body, put);
    const checked = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          try {
            const { done, value } = await chunks.next();
            if (done) return controller.close();
            hasher.update(value);
            controller.enqueue(value);
          } catch (error) {
            fault = error;
            // The store would wait for the rest of a body that only ended early.
            stopped.abort(error);
            controller.error(error);
          }
        },
        cancel: async () => void (await chunks.return()),
      },
      { highWaterMark: 0 },
    );
    const headers = { "content-type": binary, "content-length": String(length) };
    const sized = this.#platform.sized(checked, length);
    try {
      await this.bucket.send({ method: "PUT", key, headers, sized, signal: stopped.signal });
    } catch (error) {
      throw fault instanceof BodyFault ? fault : error;
    }
    return hashOutcome(put, hasher);
  }

  /** Under a key that is no hash the write is conditional, where the store knows conditions; we have looked before. */
  async #once(put: BlobPut, write: (condition: Record<string, string>) => Promise<unknown>): Promise<PutOutcome> {
    if (put.hash) {
      await write({});
      return "stored";
    }
    try {
      await write({ "if-none-match": "*" });
    } catch (error) {
      const status = error instanceof S3Fault ? error.status : undefined;
      // 409: another write of the same key is under way.
      if (status === 412 || status === 409) return "exists";
      if (status !== 501) throw error;
      await write({});
    }
    return "stored";
  }
}

const binary = "application/octet-stream";

function signedUrls(bucket: S3Bucket): SignedUrls {
  return {
    get: (key, fileName) => {
      const query = {
        "response-content-type": binary,
        "response-content-disposition": attachment(fileName),
      };
      return bucket.sign({ method: "GET", key: objectKey(key), query }, signedUrlSeconds);
    },
    put: (key, length, checksum) => {
      // Headers that are signed can't be changed by who uploads: the length and the hash are fixed.
      const headers = { "content-length": String(length), [checksumHeader]: checksum };
      return bucket.sign({ method: "PUT", key: objectKey(key), headers }, signedUrlSeconds);
    },
  };
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
