// What the bucket takes by itself: the floor of whatever is published to it.

import { AwsClient } from "aws4fetch";
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
  const client = new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region: "us-east-1" });
  const left = Array.from({ length: objects }, (_, i) => `alone/${i}`).values();
  const writer = async () => {
    for (const key of left) {
      const response = await client.fetch(`${endpoint}/${name}/${key}`, { method: "PUT", body });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`The bucket answered ${response.status}.`);
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: atOnce }, writer));
  const seconds = (performance.now() - begun) / 1000;
  return Math.round(objects / seconds);
}
