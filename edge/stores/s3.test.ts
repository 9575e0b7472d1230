import { describe } from "vitest";
import { nodeStorePlatform } from "../node/storePlatform.ts";
import { S3Store } from "./s3.ts";
import { temporaryPrefix } from "./s3Bucket.ts";
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
