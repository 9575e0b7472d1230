// What the bucket takes by itself: the floor of whatever is published to it.

import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { Bucket } from "../shells/bucket.ts";

const objects = 500;
const atOnce = 6;
const body = JSON.stringify({ job: "x".repeat(400) });

export async function objectsPerSecond({
  name,
  endpoint,
  accessKeyId,
  secretAccessKey,
}: Pick<Bucket, "name" | "endpoint" | "accessKeyId" | "secretAccessKey">): Promise<number> {
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ region: "us-east-1", endpoint, forcePathStyle: true, credentials });
  const left = Array.from({ length: objects }, (_, i) => `alone/${i}`).values();
  const writer = async () => {
    for (const Key of left) await client.send(new PutObjectCommand({ Bucket: name, Key, Body: body }));
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: atOnce }, writer));
  const seconds = (performance.now() - begun) / 1000;
  client.destroy();
  return Math.round(objects / seconds);
}
