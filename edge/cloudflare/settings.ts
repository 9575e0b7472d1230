// How queues behave on Cloudflare.

import { defaultQueueSettings, type QueueSettings } from "../limits.ts";
import type { Environment } from "./environment.ts";
import { workerRules } from "./post.ts";

export function settingsOf({ PUBLIC_ORIGIN, SUBMISSIONS_PER_SECOND }: Environment): QueueSettings {
  const origins = PUBLIC_ORIGIN ? [PUBLIC_ORIGIN] : [];
  const rate = Number(SUBMISSIONS_PER_SECOND);
  // A setting that is no rate must not end all submissions.
  const submissionsPerSecond = rate > 0 ? rate : defaultQueueSettings.submissionsPerSecond;
  const callbackRules = workerRules(origins);
  return { ...defaultQueueSettings, publish: "objects", origins, callbackRules, submissionsPerSecond };
}
