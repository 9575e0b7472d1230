// Blobs in S3 or R2. Bytes go between the client and the store by signed URLs; the edge carries them only where a signature
// can't promise what they are.

import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { BlobKey } from "../../wire/ids.ts";
import { signedUrlSeconds } from "../limits.ts";
import { attachment } from "../routes/download.ts";
import type { BlobInfo, BlobPut, BlobStore, ByteRange, PutOutcome, SignedUrls } from "./blobStore.ts";

export interface S3Settings {
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** For anything that is not AWS; addresses are then path-style. */
  readonly endpoint?: string | undefined;
}

export class S3Store implements BlobStore {
  readonly signed: SignedUrls;
  readonly client: S3Client;
  readonly bucket: string;

  constructor({ bucket, region, accessKeyId, secretAccessKey, endpoint }: S3Settings) {
    this.bucket = bucket;
    this.client = new S3Client({
      region,
      credentials: { accessKeyId, secretAccessKey },
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
      // Otherwise the SDK frames bodies with a trailer that many S3-compatible servers store as content, and presigns a
      // checksum of an empty body.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    });
    this.signed = {
      get: (key, fileName) =>
        getSignedUrl(
          this.client,
          new GetObjectCommand({
            Bucket: bucket,
            Key: objectKey(key),
            ResponseContentType: "application/octet-stream",
            ResponseContentDisposition: attachment(fileName),
          }),
          { expiresIn: signedUrlSeconds },
        ),
      put: (key, length, checksum) =>
        getSignedUrl(
          this.client,
          new PutObjectCommand({
            Bucket: bucket,
            Key: objectKey(key),
            ContentLength: length,
            ChecksumSHA256: checksum,
          }),
          // Headers that are signed can't be changed by who uploads: the length and the hash are fixed.
          {
            expiresIn: signedUrlSeconds,
            signableHeaders: new Set(["host", "content-length", "x-amz-checksum-sha256"]),
            unhoistableHeaders: new Set(["x-amz-checksum-sha256"]),
          },
        ),
    };
  }

  async info(key: BlobKey): Promise<BlobInfo | undefined> {
    try {
      const head = await this.client.send(new HeadObjectCommand({ Bucket: this.bucket, Key: objectKey(key) }));
      return { size: head.ContentLength ?? 0, modifiedAt: head.LastModified?.getTime() ?? 0 };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async read(key: BlobKey, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    try {
      const Range = range ? `bytes=${range.start}-${range.end}` : undefined;
      const object = await this.client.send(
        new GetObjectCommand({ Bucket: this.bucket, Key: objectKey(key), ...(Range ? { Range } : {}) }),
      );
      return object.Body?.transformToWebStream();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  // The store takes a body only with its length known, and must not show bytes that turn out wrong: they are gathered and
  // checked first. Large blobs go by signed URL.
  async write(key: BlobKey, body: ReadableStream<Uint8Array>, put: BlobPut): Promise<PutOutcome> {
    if (!put.hash && (await this.info(key))) return "exists";
    const bytes = await gather(body, put.bytesMax);
    if (!bytes) return "tooLarge";
    if (put.length !== undefined && bytes.length !== put.length) return "incomplete";
    if (put.hash !== undefined && bytesToHex(sha256(bytes)) !== put.hash) return "mismatch";
    await this.client.send(
      new PutObjectCommand({
        Bucket: this.bucket,
        Key: objectKey(key),
        Body: bytes,
        ContentLength: bytes.length,
        ContentType: "application/octet-stream",
      }),
    );
    return "stored";
  }
}

function objectKey(key: BlobKey): string {
  return `f/${key}`;
}

async function gather(body: ReadableStream<Uint8Array>, bytesMax: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.length;
    if (length > bytesMax) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(next.value);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

export function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.$metadata.httpStatusCode === 404 || error.name === "NoSuchKey");
}
