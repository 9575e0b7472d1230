// Node under the S3 store. Its `fetch` keeps a copy of all that it sends, for a redirect or a password, unless neither can come
// (https://fetch.spec.whatwg.org/#http-network-or-cache-fetch).

import { nodeHasher } from "../stores/nodeHasher.ts";
import type { StorePlatform } from "../stores/platform.ts";

export const nodeStorePlatform: StorePlatform = {
  sized: (body) => ({ body, window: null, redirect: "error" }),
  hasher: nodeHasher,
};
