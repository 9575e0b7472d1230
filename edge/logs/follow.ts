// A job followed from a place in its log to its end: what is known already, then what its session is told. A gap in the
// numbers, or frames that were dropped, only mean that the log is read again from there.

import * as v from "valibot";
import { ServerMessage } from "../../wire/clientMessages.ts";
import type { JobId } from "../../wire/ids.ts";
import type { Job } from "../../wire/job.ts";
import { isBuild } from "../../wire/logPiece.ts";
import type { ConsoleLogLine } from "../../wire/result.ts";
import { streamHeartbeatMs, streamMsMax } from "../limits.ts";
import type { LogPlace } from "../queue/logView.ts";
import type { FrameInbox } from "./frameInbox.ts";
import type { LogSlice, LogSpan } from "./slice.ts";

/** `next` is the number of the line that follows, over the whole job: where a reader goes on. */
export type FollowEvent =
  | {
      readonly type: "lines";
      readonly next: number;
      readonly isBuild: boolean;
      readonly lines: readonly ConsoleLogLine[];
      readonly cursor: number;
    }
  | { readonly type: "state"; readonly next: number; readonly job: Job }
  | { readonly type: "end"; readonly next: number; readonly job: Job }
  | { readonly type: "timeout"; readonly next: number }
  | { readonly type: "idle" };

export interface Followed {
  readonly id: JobId;
  readonly inbox: FrameInbox;
  readonly job: () => Promise<Job | undefined>;
  readonly slice: (place: LogPlace) => Promise<LogSlice>;
  readonly now: () => number;
}

/** Ends with `end`, with `timeout`, or without a word when the session is closed. */
export async function* follow(followed: Followed, from: number): AsyncGenerator<FollowEvent> {
  const { inbox, now } = followed;
  const follower = new Follower(followed, from);
  const until = now() + streamMsMax;
  yield* follower.begin();
  while (!follower.isOver) {
    const left = until - now();
    if (left <= 0) {
      yield { type: "timeout", next: follower.next };
      return;
    }
    const arrival = await inbox.take(Math.min(left, streamHeartbeatMs));
    switch (arrival.type) {
      case "frames":
        for (const frame of arrival.frames) if (!follower.isOver) yield* follower.frame(frame);
        break;
      case "missed":
        yield* follower.look();
        break;
      case "nothing":
        yield { type: "idle" };
        break;
      case "closed":
        return;
    }
  }
}

class Follower {
  readonly #followed: Followed;
  next: number;
  isOver = false;
  #shown: Job | undefined;

  constructor(followed: Followed, from: number) {
    this.#followed = followed;
    this.next = from;
  }

  /** A place beyond the log's end is from another run: then all is shown. */
  async *begin(): AsyncGenerator<FollowEvent> {
    const job = await this.#followed.job();
    yield* this.#lines(true);
    if (job) yield* this.#see(job);
  }

  /** What there is now. The state is read first: a job that has ended prints no more. */
  async *look(): AsyncGenerator<FollowEvent> {
    const job = await this.#followed.job();
    yield* this.#lines();
    if (job) yield* this.#see(job);
    else if (this.#shown) yield* this.#see({ ...this.#shown, state: "Finished", finishedReason: "Deleted" });
  }

  async *frame(text: string): AsyncGenerator<FollowEvent> {
    const parsed = v.safeParse(ServerMessage, JSON.parse(text));
    if (!parsed.success) return;
    const { type, payload } = parsed.output;
    if (type === "JobStatusPayload" && payload.jobId === this.#followed.id) {
      const { first = 0, at = 0, logs, step } = payload;
      if (first > this.next) yield* this.#lines();
      yield* this.#span({ isBuild: isBuild(step), first, at, lines: logs });
    }
    const job = type === "JobStateUpdates" ? payload.state.jobs[this.#followed.id] : undefined;
    if (!job) return;
    if (job.state === "Finished") yield* this.#lines();
    yield* this.#see(job);
  }

  /** The log from `next` to its end as it is now. */
  async *#lines(mayRestart = false): AsyncGenerator<FollowEvent> {
    for (let restart = mayRestart; ; restart = false) {
      const since = this.next;
      const { start, spans, isEnd } = await this.#followed.slice({ kind: "all", since });
      for (const span of spans) yield* this.#span(span);
      if (restart && start < since) this.next = 0;
      else if (isEnd) return;
    }
  }

  *#span({ isBuild: building, first, at, lines }: LogSpan): Generator<FollowEvent> {
    const fresh = lines.slice(Math.max(0, this.next - first));
    if (fresh.length === 0) return;
    this.next = first + lines.length;
    yield { type: "lines", next: this.next, isBuild: building, lines: fresh, cursor: at + lines.length };
  }

  *#see(job: Job): Generator<FollowEvent> {
    if (this.#shown?.state !== job.state || this.#shown.finishedReason !== job.finishedReason) {
      yield { type: "state", next: this.next, job };
    }
    this.#shown = job;
    if (job.state !== "Finished" && job.state !== "Removed") return;
    this.isOver = true;
    yield { type: "end", next: this.next, job };
  }
}
