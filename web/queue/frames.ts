// The frames of the client socket: what we send as text, what comes as checked values.

import * as v from "valibot";
import { type Control, ServerMessage } from "../../wire/clientMessages.ts";
import { defaultNamespace, type JobId, type Namespace } from "../../wire/ids.ts";
import type { ReadyDefinition } from "../job/definition.ts";
import { serverFrameCharsMax } from "../limits.ts";

/** Undefined for what is not ours to understand: other types, other shapes, too much. */
export function parseFrame(text: string): ServerMessage | undefined {
  if (text.length > serverFrameCharsMax) return undefined;
  try {
    const parsed = v.safeParse(ServerMessage, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

export function namespaceOf(control: Control | undefined): Namespace {
  return control?.namespace ?? defaultNamespace;
}

export const frames = {
  submit(ready: ReadyDefinition, control: Control | undefined, debug: boolean, time: number): string {
    const enqueued = {
      id: ready.id,
      definition: ready.raw,
      control: { ...control, namespace: namespaceOf(control) },
      ...(debug ? { debug } : {}),
    };
    return frame("StateChange", { state: "Queued", job: ready.id, tag: "", value: { type: "Queued", time, enqueued } });
  },
  cancel: (id: JobId, namespace: string, time: number) => finished(id, "Cancelled", namespace, time),
  delete: (id: JobId, namespace: Namespace, time: number) => finished(id, "Deleted", namespace, time),
  query: (jobId: JobId) => frame("QueryJob", { jobId }),
} as const;

function finished(id: JobId, reason: "Cancelled" | "Deleted", namespace: string, time: number): string {
  return frame("StateChange", {
    state: "Finished",
    job: id,
    tag: "",
    value: { type: "Finished", reason, namespace, time },
  });
}

function frame(type: string, payload: unknown): string {
  return JSON.stringify({ type, payload });
}
