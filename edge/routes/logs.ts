// A job's build and run logs, a bounded slice at a time: `?since=<cursor>` continues.

import type { Context } from "hono";
import type { LogAnswer } from "../../wire/http.ts";
import type { Deployment, JobSource } from "../deployment.ts";
import { logBlobs } from "../logs/blobs.ts";
import { sliceOf } from "../logs/slice.ts";
import { fail, jobId } from "./params.ts";

/** An unknown job is one whose log is empty so far. */
export async function sendLog(
  deployment: Deployment,
  c: Context,
  source: JobSource,
  kind: "build" | "run",
): Promise<Response> {
  const id = jobId(c);
  const place = { kind, since: sinceOf(c.req.query("since")) };
  const view = await source.log(id, place);
  const slice = view && (await sliceOf(view, place, logBlobs(deployment.blobs)));
  const answer: LogAnswer = {
    data: slice?.spans.flatMap(({ lines }) => lines) ?? [],
    sliceStart: slice?.start ?? 0,
    nextCursor: slice?.next ?? 0,
    isFinal: view?.isOver === true && slice?.isEnd === true,
  };
  return c.json(answer);
}

function sinceOf(text: string | undefined): number {
  const since = text === undefined ? 0 : Number(text);
  if (!Number.isFinite(since)) return fail(400, "`since` must be a number");
  return Math.min(Math.max(0, Math.floor(since)), Number.MAX_SAFE_INTEGER);
}
