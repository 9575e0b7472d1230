// The messages between a frame and its consent window. Both are pages of one origin, and each checks that of the other.

import * as v from "valibot";

/** The fragment at which the page is a consent window. */
export const consentHash = "#/consent";

export const ConsentReady = v.object({ type: v.literal("longshore-consent-ready") });
export const ConsentQuestion = v.object({
  type: v.literal("longshore-consent-question"),
  image: v.string(),
  command: v.string(),
  page: v.string(),
});
export const ConsentAnswer = v.object({ type: v.literal("longshore-consent-answer"), isGranted: v.boolean() });
export type ConsentQuestion = v.InferOutput<typeof ConsentQuestion>;
