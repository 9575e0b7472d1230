// Large blobs in parts, as S3 takes them. Each part's address is signed for its number and its exact length.

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { BlobKey } from "../../wire/ids.ts";
import { blobPartsMax } from "../../wire/limits.ts";
import { signedUrlSeconds } from "../limits.ts";
import type { PartUploads } from "./blobStore.ts";
import { objectKey } from "./s3Client.ts";

export function s3Parts(client: S3Client, bucket: string, partBytesMin: number): PartUploads {
  const target = (key: BlobKey) => ({ Bucket: bucket, Key: objectKey(key) });
  return {
    partBytes: (size) => Math.max(partBytesMin, Math.ceil(size / blobPartsMax)),
    begin: async (key) => {
      const { UploadId } = await client.send(
        new CreateMultipartUploadCommand({ ...target(key), ContentType: "application/octet-stream" }),
      );
      if (UploadId === undefined) throw new Error("The store began an upload in parts without naming it.");
      return UploadId;
    },
    url: (key, UploadId, { number, length }) =>
      getSignedUrl(
        client,
        new UploadPartCommand({ ...target(key), UploadId, PartNumber: number, ContentLength: length }),
        { expiresIn: signedUrlSeconds, signableHeaders: new Set(["host", "content-length"]) },
      ),
    complete: async (key, UploadId, { size, etags }) => {
      const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
      try {
        await client.send(new CompleteMultipartUploadCommand({ ...target(key), UploadId, MultipartUpload: { Parts } }));
      } catch (error) {
        if (isUnknownUpload(error)) return "unknown";
        if (isWrongPart(error)) return "mismatch";
        throw error;
      }
      const { ContentLength } = await client.send(new HeadObjectCommand(target(key)));
      if (ContentLength === size) return "stored";
      await client.send(new DeleteObjectCommand(target(key)));
      return "mismatch";
    },
    abort: async (key, UploadId) => {
      try {
        await client.send(new AbortMultipartUploadCommand({ ...target(key), UploadId }));
      } catch (error) {
        // It is gone; or this store can't do it, and its lifecycle will.
        if (![404, 405, 501].includes(statusOf(error) ?? 0)) throw error;
      }
    },
  };
}

/** A part that was not uploaded, is not what its ETag says, or is too small. */
function isWrongPart(error: unknown): boolean {
  const names = ["InvalidPart", "InvalidPartOrder", "EntityTooSmall"];
  return error instanceof S3ServiceException && names.includes(error.name);
}

function isUnknownUpload(error: unknown): boolean {
  return statusOf(error) === 404;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
