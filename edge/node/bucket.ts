// Command: writes the rules of a deployment's bucket, whose settings come from the environment under the Worker's names.

import { createHash } from "node:crypto";
import * as v from "valibot";
import { cors, lifecycle, writeBucketRules } from "../stores/bucketRules.ts";
import { s3Client } from "../stores/s3Client.ts";
import { nodeStorePlatform } from "./storePlatform.ts";

const given = v.pipe(v.string("is missing"), v.minLength(1, "is empty"));
const Environment = v.object({
  S3_BUCKET: given,
  S3_REGION: v.optional(given, "auto"),
  S3_ENDPOINT: v.optional(v.string(), ""),
  S3_ACCESS_KEY_ID: given,
  S3_SECRET_ACCESS_KEY: given,
});

const environment = v.safeParse(Environment, process.env);
if (environment.success) await write(environment.output);
else {
  for (const { path, message } of environment.issues) console.error(`${String(path?.[0]?.key)} ${message}.`);
  process.exitCode = 2;
}

async function write(settings: v.InferOutput<typeof Environment>): Promise<void> {
  const { S3_BUCKET: bucket, S3_REGION: region, S3_ENDPOINT: endpoint } = settings;
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = settings;
  const where = endpoint === "" ? {} : { endpoint };
  const client = s3Client({ region, accessKeyId, secretAccessKey, ...where }, nodeStorePlatform);
  try {
    await writeBucketRules(client, bucket, (text) => createHash("md5").update(text).digest("base64"));
    for (const { ID, Filter, Expiration, AbortIncompleteMultipartUpload } of lifecycle.Rules ?? []) {
      const days = Expiration?.Days ?? AbortIncompleteMultipartUpload?.DaysAfterInitiation;
      console.log(`${bucket}: ${ID} below "${Filter?.Prefix}" go after ${days} days`);
    }
    const [rule] = cors.CORSRules ?? [];
    console.log(`${bucket}: pages of ${rule?.AllowedOrigins?.join(", ")} may ${rule?.AllowedMethods?.join(", ")}`);
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    console.error(`The rules of the bucket ${bucket} were not written. The store says: ${why}`);
    process.exitCode = 1;
  } finally {
    client.destroy();
  }
}
