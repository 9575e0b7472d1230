// A Durable Object's SQLite as the queue's `Sql`, and its bucket.

import type { Sql } from "../queue/sql.ts";
import { S3Store } from "../stores/s3.ts";
import type { Environment } from "./environment.ts";
import { workerStorePlatform } from "./storePlatform.ts";

export function objectSql(storage: DurableObjectStorage): Sql {
  return {
    all: (statement, ...params) => storage.sql.exec(statement, ...params).toArray(),
    each: (statement, ...params) => storage.sql.exec(statement, ...params),
    transaction: (change) => storage.transactionSync(change),
  };
}

export function storeOf(env: Environment): S3Store {
  const settings = {
    bucket: env.S3_BUCKET,
    region: env.S3_REGION,
    accessKeyId: env.S3_ACCESS_KEY_ID,
    secretAccessKey: env.S3_SECRET_ACCESS_KEY,
    endpoint: env.S3_ENDPOINT === "" ? undefined : env.S3_ENDPOINT,
  };
  return new S3Store(settings, workerStorePlatform);
}
