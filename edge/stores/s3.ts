// Blobs in S3 or R2. Bytes go between the client and the store by signed URLs; the edge carries them only where a signature
// can't promise what they are, and then shows none that it has not checked.

import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { BlobKey } from "../../wire/ids.ts";
import { gatheredBytesMax, partBytesMin, signedUrlSeconds } from "../limits.ts";
import { attachment } from "../routes/download.ts";
import type { BlobInfo, BlobPut, BlobStore, ByteRange, PartUploads, PutOutcome, SignedUrls } from "./blobStore.ts";
import { BodyFault, checkBody, chunksOf, hashOutcome, outcomeOf } from "./body.ts";
import type { StorePlatform } from "./platform.ts";
import { objectKey, type S3Settings, s3Client, temporaryPrefix, unlessMissing } from "./s3Client.ts";
import { s3Parts } from "./s3Parts.ts";

export class S3Store implements BlobStore {
  readonly signed: SignedUrls;
  readonly parts: PartUploads;
  readonly client: S3Client;
  readonly bucket: string;
  readonly #platform: StorePlatform;

  constructor(settings: S3Settings, platform: StorePlatform) {
    this.#platform = platform;
    this.bucket = settings.bucket;
    this.client = s3Client(settings, platform);
    this.signed = signedUrls(this.client, this.bucket);
    this.parts = s3Parts(this.client, this.bucket, settings.partBytes ?? partBytesMin);
  }

  async info(key: BlobKey): Promise<BlobInfo | undefined> {
    const head = await unlessMissing(
      this.client.send(new HeadObjectCommand({ Bucket: this.bucket, Key: objectKey(key) })),
    );
    if (!head) return undefined;
    if (head.ContentLength === undefined) throw new Error("The store told no length of a blob.");
    return { size: head.ContentLength, modifiedAt: head.LastModified?.getTime() };
  }

  async read(key: BlobKey, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    const Range = range ? { Range: `bytes=${range.start}-${range.end}` } : {};
    const object = await unlessMissing(
      this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key: objectKey(key), ...Range })),
    );
    return object?.Body?.transformToWebStream();
  }

  async check(body: ReadableStream<Uint8Array>, put: BlobPut): Promise<PutOutcome> {
    return checkBody(body, put, this.#platform.hasher());
  }

  async write(key: BlobKey, body: ReadableStream<Uint8Array>, put: BlobPut): Promise<PutOutcome> {
    if (!put.hash && (await this.info(key))) return "exists";
    return outcomeOf(() =>
      put.length !== undefined && put.length > gatheredBytesMax
        ? this.#stream(key, body, put, put.length)
        : this.#gather(key, body, put),
    );
  }

  /** A small body is checked in memory, then written. */
  async #gather(key: BlobKey, body: ReadableStream<Uint8Array>, put: BlobPut): Promise<PutOutcome> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const hasher = this.#platform.hasher();
    for await (const chunk of chunksOf(body, put)) {
      length += chunk.length;
      // The store takes a stream only with its length known.
      if (length > gatheredBytesMax) return "needsLength";
      hasher.update(chunk);
      chunks.push(chunk);
    }
    if (hashOutcome(put, hasher) === "mismatch") return "mismatch";
    const input = { ...this.#target(key), Body: joined(chunks, length), ContentLength: length, ContentType: binary };
    return this.#once(put, (condition) => this.client.send(new PutObjectCommand({ ...input, ...condition })));
  }

  /** A large one is hashed on its way to a temporary object, which becomes the blob only if it is what it should be. */
  async #stream(key: BlobKey, body: ReadableStream<Uint8Array>, put: BlobPut, length: number): Promise<PutOutcome> {
    const temporary = { Bucket: this.bucket, Key: temporaryPrefix + crypto.randomUUID() };
    try {
      const outcome = await this.#streamTo(temporary, body, put, length);
      if (outcome !== "stored") return outcome;
      const copy = { ...this.#target(key), CopySource: `${temporary.Bucket}/${temporary.Key}` };
      return await this.#once(put, (condition) => this.client.send(new CopyObjectCommand({ ...copy, ...condition })));
    } finally {
      // What can't be removed now goes by the bucket's lifecycle.
      await this.client.send(new DeleteObjectCommand(temporary)).catch(() => {});
    }
  }

  async #streamTo(
    target: { readonly Bucket: string; readonly Key: string },
    body: ReadableStream<Uint8Array>,
    put: BlobPut,
    length: number,
  ): Promise<PutOutcome> {
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
    const Body = this.#platform.sized(checked, length);
    const input = { ...target, Body, ContentLength: length, ContentType: binary };
    try {
      await this.client.send(new PutObjectCommand(input), { abortSignal: stopped.signal });
    } catch (error) {
      throw fault instanceof BodyFault ? fault : error;
    }
    return hashOutcome(put, hasher);
  }

  /** Under a key that is no hash the write is conditional, where the store knows conditions; we have looked before. */
  async #once(put: BlobPut, write: (condition: { IfNoneMatch?: "*" }) => Promise<unknown>): Promise<PutOutcome> {
    if (put.hash) {
      await write({});
      return "stored";
    }
    try {
      await write({ IfNoneMatch: "*" });
    } catch (error) {
      const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
      // 409: another write of the same key is under way.
      if (status === 412 || status === 409) return "exists";
      if (status !== 501) throw error;
      await write({});
    }
    return "stored";
  }

  #target(key: BlobKey): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.bucket, Key: objectKey(key) };
  }
}

const binary = "application/octet-stream";

function signedUrls(client: S3Client, bucket: string): SignedUrls {
  return {
    get: (key, fileName) =>
      getSignedUrl(
        client,
        new GetObjectCommand({
          Bucket: bucket,
          Key: objectKey(key),
          ResponseContentType: binary,
          ResponseContentDisposition: attachment(fileName),
        }),
        { expiresIn: signedUrlSeconds },
      ),
    put: (key, length, checksum) =>
      getSignedUrl(
        client,
        new PutObjectCommand({ Bucket: bucket, Key: objectKey(key), ContentLength: length, ChecksumSHA256: checksum }),
        // Headers that are signed can't be changed by who uploads: the length and the hash are fixed.
        {
          expiresIn: signedUrlSeconds,
          signableHeaders: new Set(["host", "content-length", "x-amz-checksum-sha256"]),
          unhoistableHeaders: new Set(["x-amz-checksum-sha256"]),
        },
      ),
  };
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
