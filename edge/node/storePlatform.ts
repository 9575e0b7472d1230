// Node under the S3 store.

import { Readable } from "node:stream";
import { s3ConnectMs, s3SilenceMs } from "../limits.ts";
import { nodeHasher } from "../stores/nodeHasher.ts";
import type { StorePlatform } from "../stores/platform.ts";

export const nodeStorePlatform: StorePlatform = {
  sized: (body) => {
    const stream = Readable.fromWeb(body);
    // The SDK listens to none: whoever made the body learns of its failure there, and ends the request.
    stream.on("error", () => {});
    return stream;
  },
  hasher: nodeHasher,
  connections: { requestHandler: { connectionTimeout: s3ConnectMs, socketTimeout: s3SilenceMs } },
};
