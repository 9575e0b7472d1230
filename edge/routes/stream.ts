// A job as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): its log and its states as they
// come, then `final`. Event ids are line numbers, from which a reader goes on with Last-Event-ID.

import type { Context } from "hono";
import type { JobId } from "../../wire/ids.ts";
import type { Deployment, QueueAccess } from "../deployment.ts";
import { streamBufferBytesMax } from "../limits.ts";
import { logBlobs } from "../logs/blobs.ts";
import { type FollowEvent, follow } from "../logs/follow.ts";
import { FrameInbox } from "../logs/frameInbox.ts";
import { type LogSlice, sliceOf } from "../logs/slice.ts";
import type { LogPlace } from "../queue/logView.ts";
import { eventBody } from "./eventBody.ts";
import { jobId, queueName } from "./params.ts";

const headers = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache",
  "x-content-type-options": "nosniff",
  // Some proxies gather answers unless told otherwise.
  "x-accel-buffering": "no",
} as const;

export async function sendStream(deployment: Deployment, c: Context): Promise<Response> {
  const queue = deployment.queue(queueName(c));
  const id = jobId(c);
  const last = lastEvent(c.req.header("last-event-id"));
  if (await hasSeenEnd(queue, id, last)) return new Response(null, { status: 204 });
  if (c.req.method === "HEAD") return new Response(null, { headers });
  const inbox = new FrameInbox(streamBufferBytesMax);
  const watch = await queue.watch(id, inbox);
  const blobs = logBlobs(deployment.blobs);
  const slice = async (place: LogPlace): Promise<LogSlice> => {
    const view = await queue.log(id, place);
    return view ? sliceOf(view, place, blobs) : { start: 0, next: 0, isEnd: true, spans: [] };
  };
  const events = follow({ id, inbox, job: () => queue.job(id), slice, now: Date.now }, last.line);
  const close = () => {
    inbox.closed();
    watch.close();
  };
  return new Response(eventBody(textsOf(events), close), { headers });
}

interface LastEvent {
  readonly line: number;
  /** When the job had ended, if the event was its end. */
  readonly endedAt: number | undefined;
}

function lastEvent(header: string | undefined): LastEvent {
  const match = /^(\d{1,15})(?:\.(\d{1,15}))?$/.exec(header ?? "");
  return { line: Number(match?.[1] ?? 0), endedAt: match?.[2] === undefined ? undefined : Number(match[2]) };
}

/** A browser comes back whenever a stream ends: 204 tells it that there is nothing more. */
async function hasSeenEnd(queue: QueueAccess, id: JobId, { endedAt }: LastEvent): Promise<boolean> {
  if (endedAt === undefined) return false;
  const job = await queue.job(id);
  return job?.state === "Finished" && job.time === endedAt;
}

async function* textsOf(events: AsyncGenerator<FollowEvent>): AsyncGenerator<string> {
  for await (const event of events) yield textOf(event);
}

function textOf(event: FollowEvent): string {
  switch (event.type) {
    case "lines": {
      const { lines, cursor, next } = event;
      return eventText(event.isBuild ? "build-log" : "run-log", `${next}`, { lines, cursor });
    }
    case "state": {
      const { state, finishedReason } = event.job;
      return eventText("state", `${event.next}`, { state, ...(finishedReason ? { reason: finishedReason } : {}) });
    }
    case "end": {
      const { state, finishedReason, time } = event.job;
      return eventText("final", `${event.next}.${time}`, { state, reason: finishedReason ?? "Unknown" });
    }
    case "timeout":
      return eventText("final", `${event.next}`, { state: "Timeout", reason: "Stream max duration exceeded" });
    case "idle":
      return ": still there\n\n";
  }
}

function eventText(name: string, id: string, data: unknown): string {
  return `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}
