// Large blobs in parts, as S3 takes them. Each part's address is signed for its number and its exact length.

import { blobPartsMax } from "../../wire/limits.ts";
import { signedUrlSeconds, storeAssemblyMs } from "../limits.ts";
import type { PartUploads } from "./blobStore.ts";
import { objectKey, type S3Bucket, S3Fault } from "./s3Bucket.ts";
import { childrenOf, writeXml } from "./xml.ts";

export function s3Parts(bucket: S3Bucket, partBytesMin: number): PartUploads {
  return {
    partBytes: (size) => Math.max(partBytesMin, Math.ceil(size / blobPartsMax)),
    begin: async (key) => {
      const headers = { "content-type": "application/octet-stream" };
      const { answer } = await bucket.send({ method: "POST", key: objectKey(key), query: { uploads: "" }, headers });
      const { UploadId } = answer ? childrenOf(answer) : {};
      if (UploadId === undefined) throw new Error("The store began an upload in parts without naming it.");
      return UploadId;
    },
    url: (key, uploadId, { number, length }) => {
      const query = { partNumber: String(number), uploadId };
      const headers = { "content-length": String(length) };
      return bucket.sign({ method: "PUT", key: objectKey(key), query, headers }, signedUrlSeconds);
    },
    complete: async (key, uploadId, { size, etags }) => {
      const part = (etag: string, index: number) =>
        [
          ["PartNumber", index + 1],
          ["ETag", etag],
        ] as const;
      const body = writeXml(
        "CompleteMultipartUpload",
        etags.map((etag, index) => ["Part", part(etag, index)]),
      );
      try {
        await bucket.send({
          method: "POST",
          key: objectKey(key),
          query: { uploadId },
          body,
          answerMs: storeAssemblyMs,
        });
      } catch (error) {
        if (isUnknownUpload(error)) return "unknown";
        if (isWrongPart(error)) return "mismatch";
        throw error;
      }
      const { headers } = await bucket.open({ method: "HEAD", key: objectKey(key) });
      if (headers.get("content-length") === String(size)) return "stored";
      await bucket.send({ method: "DELETE", key: objectKey(key) });
      return "mismatch";
    },
    abort: async (key, uploadId) => {
      try {
        await bucket.send({ method: "DELETE", key: objectKey(key), query: { uploadId } });
      } catch (error) {
        // It is gone; or this store can't do it, and its lifecycle will.
        if (!(error instanceof S3Fault && [404, 405, 501].includes(error.status))) throw error;
      }
    },
  };
}

/** A part that was not uploaded, is not what its ETag says, or is too small. */
function isWrongPart(error: unknown): boolean {
  return error instanceof S3Fault && ["InvalidPart", "InvalidPartOrder", "EntityTooSmall"].includes(error.code);
}

function isUnknownUpload(error: unknown): boolean {
  return error instanceof S3Fault && (error.status === 404 || error.code === "NoSuchUpload");
}
