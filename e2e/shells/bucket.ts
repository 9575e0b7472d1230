// An S3 bucket in the test's own process, on a free port, that pages of any origin may read and write by signed URL.

import S3rver from "@20minutes/s3rver";
import { DUMMY_ACCOUNT } from "@20minutes/s3rver/lib/models/account.js";
import { checksumHeader } from "../../wire/http.ts";
import { removeFolder, temporaryFolder } from "./temporary.ts";

export interface Bucket {
  readonly endpoint: string;
  readonly name: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Whether it answers requests with an error of its own. */
  isBroken: boolean;
  stop(): Promise<void>;
}

const cors = `<CORSConfiguration><CORSRule>
  <AllowedOrigin>*</AllowedOrigin>
  <AllowedMethod>GET</AllowedMethod><AllowedMethod>HEAD</AllowedMethod><AllowedMethod>PUT</AllowedMethod>
  <AllowedHeader>content-type</AllowedHeader><AllowedHeader>range</AllowedHeader>
  <AllowedHeader>${checksumHeader}</AllowedHeader>
  <ExposeHeader>etag</ExposeHeader>
</CORSRule></CORSConfiguration>`;

export async function startBucket(): Promise<Bucket> {
  const directory = temporaryFolder();
  const name = "longshore";
  const [accessKeyId, secretAccessKey] = [`id-${crypto.randomUUID()}`, `secret-${crypto.randomUUID()}`];
  DUMMY_ACCOUNT.createKeyPair(accessKeyId, secretAccessKey);
  const server = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory,
    vhostBuckets: false,
    configureBuckets: [{ name, configs: [cors] }],
  });
  const state = { isBroken: false };
  server.middleware.splice(-1, 0, (context, next) => {
    if (state.isBroken) {
      context.status = 503;
      return Promise.resolve();
    }
    // S3 signs a quote in the query as %27, this server as it is: it would refuse every download with a file's name.
    if (context.querystring.includes("%27")) {
      context.app = Object.create(context.app, { allowMismatchedSignatures: { value: true } });
    }
    return next();
  });
  const { port } = await server.run();
  return Object.assign(state, {
    endpoint: `http://127.0.0.1:${port}`,
    name,
    accessKeyId,
    secretAccessKey,
    stop: async () => {
      server.httpServer.closeAllConnections();
      await server.close();
      removeFolder(directory);
    },
  });
}
