import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { nodeStorePlatform } from "../node/storePlatform.ts";
import { S3Store } from "./s3.ts";
import { S3Bucket, temporaryPrefix } from "./s3Bucket.ts";
import { type OpenedS3, signedCases } from "./signedCases.ts";
import { type OpenedStore, storeCases, streamedBytes } from "./storeCases.ts";
import { hasSwift, startS3rver, startSwift, type TestServer } from "./testServer.ts";
import { uploadCases } from "./uploadCases.ts";
import { childrenOf, elementsOf } from "./xml.ts";

// The least that S3 allows.
const partBytes = 5 * 1024 * 1024;

async function openBucket(start: () => Promise<TestServer>): Promise<OpenedStore & OpenedS3> {
  const server = await start();
  const settings = { ...server.settings, partBytes };
  const store = new S3Store(settings, nodeStorePlatform);
  return {
    settings,
    store,
    leftovers: async () => {
      const query = { "list-type": "2", prefix: temporaryPrefix };
      const { answer } = await store.bucket.send({ method: "GET", query });
      const objects = (answer ? elementsOf(answer) : []).filter(({ name }) => name === "Contents").map(childrenOf);
      // s3rver lists the file of an upload that broke off, which no S3 does, and may make it after we deleted it.
      return objects.filter(({ Size }) => Number(Size) >= streamedBytes).map(({ Key = "" }) => Key);
    },
    close: () => server.stop(),
  };
}

describe.each([
  { name: "s3rver", start: startS3rver, strict: false },
  ...(hasSwift ? [{ name: "swift", start: startSwift, strict: true }] : []),
])("$name as a store", ({ start, strict }) => {
  const current = storeCases(() => openBucket(start));
  signedCases(current, { strict });
  uploadCases(current, { strict });
});

test("a store that takes requests and does not answer is given up, with a sentence", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const address = silent.address();
  const endpoint = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const bucket = new S3Bucket({
    ...{ endpoint, bucket: "b", region: "us-east-1", accessKeyId: "a", secretAccessKey: "s" },
    answerMs: 100,
  });
  const connections: Socket[] = [];
  silent.on("connection", (socket) => connections.push(socket.resume()));
  await expect(bucket.open({ method: "GET", key: "f/x" })).rejects.toThrow("The store did not answer in time.");
  expect(connections).toHaveLength(1);
  for (const socket of connections) socket.destroy();
  silent.close();
  await once(silent, "close");
});
