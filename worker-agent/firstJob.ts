// What `npm start` shows a newcomer: that a job really runs on this machine, and a link that runs one.

import { randomBytes } from "node:crypto";
import * as v from "valibot";
import { ServerMessage } from "../wire/clientMessages.ts";
import { paths, ResultAnswer, SubmitAnswer } from "../wire/http.ts";
import { JobId } from "../wire/ids.ts";
import { checkJobMs } from "./limits.ts";

const image = "longshore/shell:latest";

/** A page that runs one small job when it is opened: it may, once, without asking. */
export function firstJobLink(origin: string, permit: string): string {
  const script = [
    'echo "Hello from a container on your own machine."',
    'echo "It is $(date)."',
    'for i in 1 2 3; do echo "step $i of 3"; sleep 0.2; done',
    `printf '{"greeting":"hello","pid":%s}' $$ > /outputs/hello.json`,
  ].join("\n");
  const job = { image, command: "sh /inputs/hello.sh" };
  const parameters = [
    "autostart=true",
    `inputs=${encoded({ "hello.sh": script })}`,
    `job=${encoded(job)}`,
    `permit=${permit}`,
    "queue=local",
  ];
  return `${origin}/#?${parameters.join("&")}`;
}

/** JSON as hash parameters carry it: base64 of percent-encoded JSON. */
function encoded(value: unknown): string {
  return btoa(encodeURIComponent(JSON.stringify(value)));
}

/**
 * Runs one small job through the real path: HTTP, queue, agent, container, result. The nonce makes it a new one.
 * @returns how long it took from submission to result, ms. @throws an Error with a sentence when it did not come out right.
 */
export async function runCheckJob(origin: string, queue: string): Promise<number> {
  const nonce = randomBytes(8).toString("hex");
  const begun = performance.now();
  const signal = AbortSignal.timeout(checkJobMs);
  const definition = { image, command: ["echo", nonce] };
  const submitted = await fetch(origin + paths.queue(queue), {
    method: "POST",
    body: JSON.stringify({ definition }),
    signal,
  });
  const { jobId } = v.parse(SubmitAnswer, await submitted.json());
  const id = v.parse(JobId, jobId);
  await untilFinished(origin, queue, id, signal);
  const answer = await fetch(origin + paths.result(queue, id), { signal });
  const finished = v.parse(ResultAnswer, await answer.json()).data?.finished;
  const printed = finished?.result?.logs.some(([line]) => line === nonce);
  if (finished?.reason !== "Success" || !printed) {
    throw new Error(
      finished?.message ?? finished?.result?.error ?? `It ended with ${finished?.reason ?? "no result"}.`,
    );
  }
  return performance.now() - begun;
}

/** Watches the queue as a page does. */
function untilFinished(origin: string, queue: string, id: JobId, signal: AbortSignal): Promise<void> {
  const socket = new WebSocket(origin.replace(/^http/, "ws") + paths.client(queue));
  return new Promise<void>((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error(`It did not end within ${checkJobMs / 1000} s.`)));
    socket.addEventListener("error", () => reject(new Error("The queue's socket failed.")));
    socket.addEventListener("open", () => socket.send(JSON.stringify({ type: "QueryJob", payload: { jobId: id } })));
    socket.addEventListener("message", ({ data }) => {
      const message = v.safeParse(ServerMessage, JSON.parse(String(data)));
      if (!message.success) return;
      const { type, payload } = message.output;
      const jobs = type === "JobStates" || type === "JobStateUpdates" ? payload.state.jobs : {};
      if (jobs[id]?.state === "Finished") resolve();
    });
  }).finally(() => socket.close());
}
