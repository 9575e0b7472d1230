// What the S3 store needs of the platform under it: how a body of known length leaves, and how bytes are hashed.

import type { Hasher } from "./body.ts";

export interface StorePlatform {
  /** A body that is sent once, as this platform's `fetch` sends it with this Content-Length and keeps none of it. */
  sized(body: ReadableStream<Uint8Array>, length: number): SizedBody;
  hasher(): Hasher;
}

export interface SizedBody {
  readonly body: ReadableStream<Uint8Array>;
  readonly window?: null;
  readonly redirect?: "error";
}
