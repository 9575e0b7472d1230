// What a bucket does by itself: removes what is old, and lets pages of any origin use signed addresses.

import {
  type BucketLifecycleConfiguration,
  type CORSConfiguration,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { checksumHeader } from "../../wire/http.ts";
import { blobKeepMs, corsAgeSeconds, defaultQueueSettings, temporaryKeepDays } from "../limits.ts";
import { temporaryPrefix } from "./s3Client.ts";

const dayMs = 24 * 3_600_000;

const expiry = (ID: string, Prefix: string, Days: number) =>
  ({ ID, Status: "Enabled", Filter: { Prefix }, Expiration: { Days } }) as const;

export const lifecycle: BucketLifecycleConfiguration = {
  Rules: [
    expiry("results", "j/", Math.ceil(defaultQueueSettings.resultKeepMs / dayMs)),
    expiry("blobs", "f/", Math.ceil(blobKeepMs / dayMs)),
    expiry("unchecked", temporaryPrefix, temporaryKeepDays),
    {
      ID: "unfinished",
      Status: "Enabled",
      Filter: { Prefix: "" },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: temporaryKeepDays },
    },
  ],
};

/** The signature in an address is what allows its use, so any page may: frames of other origins follow redirects too. */
export const cors: CORSConfiguration = {
  CORSRules: [
    {
      AllowedOrigins: ["*"],
      AllowedMethods: ["GET", "HEAD", "PUT"],
      AllowedHeaders: ["content-type", "range", checksumHeader],
      ExposeHeaders: ["content-length", "content-range", "etag"],
      MaxAgeSeconds: corsAgeSeconds,
    },
  ],
};

/** Replaces the bucket's rules by these. @throws what the store answers. */
export async function writeBucketRules(client: S3Client, bucket: string, md5: (text: string) => string): Promise<void> {
  withContentMd5(client, md5);
  await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration: lifecycle }));
  await client.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: cors }));
}

/**
 * These requests must carry a checksum. The SDK sends a CRC-32 under headers that R2 refuses here; Content-MD5 is what every
 * store takes (https://developers.cloudflare.com/r2/api/s3/api/).
 */
function withContentMd5(client: S3Client, md5: (text: string) => string): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const { request } = args;
      if (isTextRequest(request)) {
        for (const name of Object.keys(request.headers))
          if (/^x-amz-(sdk-)?checksum/i.test(name)) delete request.headers[name];
        request.headers["content-md5"] = md5(request.body);
      }
      return next(args);
    },
    { step: "build", priority: "low", name: "contentMd5" },
  );
}

function isTextRequest(
  request: unknown,
): request is { readonly headers: Record<string, string>; readonly body: string } {
  if (typeof request !== "object" || request === null || !("headers" in request) || !("body" in request)) return false;
  return typeof request.headers === "object" && typeof request.body === "string";
}
