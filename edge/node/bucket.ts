// Command: writes the rules of a deployment's bucket, whose settings come from the environment under the Worker's names.

import { createHash } from "node:crypto";
import * as v from "valibot";
import { cors, lifecycle, writeBucketRules } from "../stores/bucketRules.ts";
import { S3Bucket } from "../stores/s3Bucket.ts";

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
  try {
    await writeBucketRules(new S3Bucket({ bucket, region, accessKeyId, secretAccessKey, ...where }), (text) =>
      createHash("md5").update(text).digest("base64"),
    );
    for (const { id, prefix, days } of lifecycle)
      console.log(`${bucket}: ${id} below "${prefix}" go after ${days} days`);
    console.log(`${bucket}: pages of ${cors.origins.join(", ")} may ${cors.methods.join(", ")}`);
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    console.error(`The rules of the bucket ${bucket} were not written. The store says: ${why}`);
    process.exitCode = 1;
  }
}
