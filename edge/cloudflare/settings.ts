// How queues behave on Cloudflare.

import { defaultQueueSettings, type QueueSettings } from "../limits.ts";
import type { Environment } from "./environment.ts";
import { workerRules } from "./post.ts";

export function settingsOf({ PUBLIC_ORIGIN }: Environment): QueueSettings {
  const origins = PUBLIC_ORIGIN ? [PUBLIC_ORIGIN] : [];
  return { ...defaultQueueSettings, publish: "objects", origins, callbackRules: workerRules(origins) };
}
