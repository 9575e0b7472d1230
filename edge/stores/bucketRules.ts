// What a bucket does by itself: removes what is old, and lets pages of any origin use signed addresses.

import { checksumHeader } from "../../wire/http.ts";
import { blobKeepMs, corsAgeSeconds, defaultQueueSettings, temporaryKeepDays } from "../limits.ts";
import { type S3Bucket, temporaryPrefix } from "./s3Bucket.ts";
import { writeXml, type XmlContent } from "./xml.ts";

const dayMs = 24 * 3_600_000;

/** What goes when: whole objects, and parts of uploads that nobody completed. */
export const lifecycle = [
  { id: "results", prefix: "j/", ends: "Expiration", days: Math.ceil(defaultQueueSettings.resultKeepMs / dayMs) },
  { id: "blobs", prefix: "f/", ends: "Expiration", days: Math.ceil(blobKeepMs / dayMs) },
  { id: "unchecked", prefix: temporaryPrefix, ends: "Expiration", days: temporaryKeepDays },
  { id: "unfinished", prefix: "", ends: "AbortIncompleteMultipartUpload", days: temporaryKeepDays },
] as const;

/** The signature in an address is what allows its use, so any page may: frames of other origins follow redirects too. */
export const cors = {
  origins: ["*"],
  methods: ["GET", "HEAD", "PUT"],
  headers: ["content-type", "range", checksumHeader],
  exposed: ["content-length", "content-range", "etag"],
} as const;

/** Replaces the bucket's rules by these. @throws what the store answers. */
export async function writeBucketRules(bucket: S3Bucket, md5: (text: string) => string): Promise<void> {
  const put = (subresource: string, body: string) => {
    // These requests must carry a checksum. Content-MD5 is the one that every store takes
    // (https://developers.cloudflare.com/r2/api/s3/api/).
    const headers = { "content-type": "application/xml", "content-md5": md5(body) };
    return bucket.send({ method: "PUT", query: { [subresource]: "" }, headers, body });
  };
  await put("lifecycle", writeXml("LifecycleConfiguration", lifecycle.map(lifecycleRule)));
  await put("cors", writeXml("CORSConfiguration", [["CORSRule", corsRule]]));
}

function lifecycleRule({ id, prefix, ends, days }: (typeof lifecycle)[number]): readonly ["Rule", XmlContent] {
  return [
    "Rule",
    [
      ["ID", id],
      ["Filter", [["Prefix", prefix]]],
      ["Status", "Enabled"],
      [ends, [[ends === "Expiration" ? "Days" : "DaysAfterInitiation", days]]],
    ],
  ];
}

const corsRule: XmlContent = [
  ...named("AllowedOrigin", cors.origins),
  ...named("AllowedMethod", cors.methods),
  ...named("AllowedHeader", cors.headers),
  ...named("ExposeHeader", cors.exposed),
  ["MaxAgeSeconds", corsAgeSeconds],
];

function named(name: string, values: readonly string[]): readonly (readonly [string, string])[] {
  return values.map((value) => [name, value]);
}
