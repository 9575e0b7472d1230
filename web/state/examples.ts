// Jobs for a first try. They are a file beside the page, so who serves it can offer their own.

import * as v from "valibot";
import { requestTimeoutMs } from "../limits.ts";
import type { Browser } from "./browser.ts";

const Example = v.object({
  name: v.string(),
  about: v.string(),
  job: v.record(v.string(), v.unknown()),
  /** An image that the set-up has made on a machine that serves its own page: there it stands for the job's. */
  localImage: v.optional(v.string()),
  inputs: v.optional(v.record(v.string(), v.string())),
});
export type Example = v.InferOutput<typeof Example>;

/** None when the page's server does not answer: they are an offer, and nothing depends on it. */
export async function fetchExamples({ fetch, origin }: Pick<Browser, "fetch" | "origin">): Promise<readonly Example[]> {
  try {
    const response = await fetch(`${origin}/examples.json`, { signal: AbortSignal.timeout(requestTimeoutMs) });
    const parsed = v.safeParse(v.array(Example), await response.json());
    return parsed.success ? parsed.output : [];
  } catch {
    return [];
  }
}
