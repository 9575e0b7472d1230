// What the S3 store needs of the platform under it: how a body of known length leaves, how bytes are hashed, how long a
// connection may be silent. Node and workerd differ in all three.

import type { PutObjectCommandInput, S3ClientConfig } from "@aws-sdk/client-s3";
import type { Hasher } from "./body.ts";

export interface StorePlatform {
  /** The body in the form that this platform's HTTP client sends with this Content-Length. */
  sized(body: ReadableStream<Uint8Array>, length: number): NonNullable<PutObjectCommandInput["Body"]>;
  hasher(): Hasher;
  readonly connections: Pick<S3ClientConfig, "requestHandler">;
}
