// workerd under the S3 store. A stream has a Content-Length there only if it was made with one
// (https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/#fixedlengthstream).

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { StorePlatform } from "../stores/platform.ts";

export const workerStorePlatform: StorePlatform = {
  sized: (body, length) => ({ body: body.pipeThrough(new FixedLengthStream(length)) }),
  hasher: () => {
    const hash = sha256.create();
    return { update: (bytes) => void hash.update(bytes), hex: () => bytesToHex(hash.digest()) };
  },
};
