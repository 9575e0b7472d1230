// What a queue is told of an attempt while it runs, as frames.

import type { AgentMessage, Held, SealedPiece } from "../../wire/agentMessages.ts";
import { shortTextCharsMax } from "../../wire/limits.ts";
import type { JobPhase } from "../../wire/result.ts";
import type { LogBatch } from "../job/logBatch.ts";
import type { ProgressNote } from "../job/phases.ts";

export interface Frame {
  readonly type: AgentMessage["type"];
  readonly text: string;
}

export function frameOf(message: AgentMessage): Frame {
  return { type: message.type, text: JSON.stringify(message) };
}

export function progressFrame({ job, attempt }: Held, phase: JobPhase, { message, amount }: ProgressNote): Frame {
  return frameOf({
    type: "progress",
    job,
    attempt,
    phase,
    ...(message === undefined ? {} : { message: message.slice(0, shortTextCharsMax) }),
    ...(amount === undefined ? {} : { amount }),
  });
}

/** The lines are JSON already. */
export function linesFrame({ job, attempt }: Held, { step, first, json }: LogBatch): Frame {
  const head = { type: "logs", job, attempt, step, first } satisfies Partial<AgentMessage>;
  return { type: "logs", text: `${JSON.stringify(head).slice(0, -1)},"lines":${json}}` };
}

export function sealedFrame({ job, attempt }: Held, piece: SealedPiece): Frame {
  return frameOf({ type: "sealed", job, attempt, ...piece });
}
