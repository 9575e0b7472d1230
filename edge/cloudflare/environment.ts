// What the Worker is configured with (wrangler.jsonc, secrets).

import type { QueueObject } from "./queueObject.ts";

export interface Environment {
  readonly QUEUES: DurableObjectNamespace<QueueObject>;
  /** The built page. */
  readonly ASSETS: Fetcher;
  /** Secret: queue names are hashed with it. Changing it loses every queue. */
  readonly QUEUE_SECRET: string;
  readonly S3_BUCKET: string;
  readonly S3_REGION: string;
  readonly S3_ACCESS_KEY_ID: string;
  /** Secret. */
  readonly S3_SECRET_ACCESS_KEY: string;
  /** For R2 and anything else that is not AWS; empty for AWS. */
  readonly S3_ENDPOINT?: string;
  /** This deployment's public address, if it is not the one that a request names. */
  readonly PUBLIC_ORIGIN?: string;
  /** How fast one client may submit, if not as fast as by default. */
  readonly SUBMISSIONS_PER_SECOND?: string;
}
