// What is malformed, over HTTP and on both sockets, harms nothing. LONGSHORE_FUZZ_SEED replays a seed, or tries another.

import { Agent } from "node:http";
import * as v from "valibot";
import { expect, test } from "vitest";
import { AgentMessage } from "../../wire/agentMessages.ts";
import { ClientMessage } from "../../wire/clientMessages.ts";
import { ErrorBody, ExistsAnswer, paths } from "../../wire/http.ts";
import { type Busy, busyQueue, stateOf } from "../clients/busyQueue.ts";
import { Dice, isAccepted, malformed, sample } from "../clients/malformed.ts";
import {
  type Answer,
  isSubmission,
  type MalformedRequest,
  malformedRequest,
  named,
  routesOf,
  send,
} from "../clients/malformedRequests.ts";
import { json, QueueApi } from "../clients/queueApi.ts";
import { oddBytes, statusOfBytes } from "../clients/rawBytes.ts";
import type { TestSocket } from "../clients/socket.ts";
import { newIdentity, TestAgent } from "../clients/testAgent.ts";
import { TestClient } from "../clients/testClient.ts";
import { until } from "../clients/until.ts";
import type { Shell } from "../shells/shell.ts";
import { onEveryShell } from "./everyShell.ts";

const seed = Number(process.env.LONGSHORE_FUZZ_SEED ?? 1);
/** 10,000 in all that are malformed, each answered, ignored or refused. */
const requests = 7_000;
const frames = { client: 1_000, silent: 500, foreign: 750, own: 750 } as const;
/** Beside them: well-formed words of agents that may not say them, and bytes of which some would even be taken. */
const strangeFrames = 500;
const rawRequests = 200;
const concurrency = 16;
/** Between two looks at a socket and at the server's output. */
const batch = 50;
/** Well below the lease. */
const syncEveryMs = 4_000;
/** Seconds on a quiet machine. */
const limitMs = 180_000;

function expectCalm(shell: Shell): void {
  expect(shell.output()).not.toMatch(/request-failed|unhandled|uncaught|^\s+at /im);
}

/** Runs `act`, and then holds the queue to what it was; its running job can still be finished. */
async function changesNothing(shell: Shell, act: (busy: Busy) => Promise<void>): Promise<void> {
  const busy = await busyQueue(shell);
  const before = await stateOf(busy);
  const lost: unknown[] = [];
  const syncs = setInterval(() => busy.agent.sync().catch((error: unknown) => lost.push(error)), syncEveryMs);
  try {
    await act(busy);
  } finally {
    clearInterval(syncs);
  }
  expect(lost).toEqual([]);
  expectCalm(shell);
  expect(await (await busy.api.request(paths.health())).text()).toBe("OK");
  // Sockets that were just closed may still be counted in why a job waits.
  await until(
    "the state as it was",
    () => stateOf(busy),
    (after) => JSON.stringify(after) === JSON.stringify(before),
  );
  expect(await busy.agent.finish(busy.running)).toMatchObject({ outcome: "accepted" });
  expect(await busy.api.finished(busy.running.job)).toMatchObject({ finishedReason: "Success" });
}

function faultOf({ path }: MalformedRequest, { status, body }: Answer): string | undefined {
  if (status < 400 || status >= 500) return "no 4xx";
  const schema = path.includes("/exists") ? v.union([ErrorBody, ExistsAnswer]) : ErrorBody;
  try {
    return v.is(schema, JSON.parse(body)) ? undefined : "no error's body";
  } catch {
    return "no JSON";
  }
}

const shown = (value: unknown) => JSON.stringify(value).slice(0, 1_000);

/** Sends frames in batches, each followed by a sign of life; a socket that was closed is opened again. */
async function sendFrames(
  open: () => Promise<TestSocket>,
  frame: (dice: Dice) => string | Uint8Array,
  count: number,
  salt: number,
): Promise<void> {
  let sent = 0;
  while (sent < count) {
    const socket = await open();
    for (let i = 0; i < batch && sent < count; i++, sent++) {
      const data = frame(new Dice(seed * 1_000_003 + salt + sent));
      if (typeof data === "string") socket.sendText(data);
      else socket.sendBytes(data);
    }
    await socket.close();
    // Closed by us, at the end: all were read.
    expect(await socket.closed()).toMatchObject({ code: 1000 });
  }
}

onEveryShell((shell) => {
  test(
    `malformed requests are each refused with a 4xx and a sentence, and change nothing (seed ${seed})`,
    { timeout: limitMs },
    () =>
      changesNothing(shell(), async ({ api, known }) => {
        const routes = routesOf(await json(await api.request("/openapi.json")));
        const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
        const faults: string[] = [];
        let answered = 0;
        let next = 0;
        const one = async (): Promise<void> => {
          while (next < requests && faults.length < 10) {
            const number = next++;
            const odd = malformedRequest(routes, new Dice(seed * 1_000_003 + number), known);
            const answer = await send(api.origin, agent, odd).catch((error: unknown) => ({
              status: 0,
              type: "",
              body: String(error),
            }));
            const fault = faultOf(odd, answer);
            answered += 1;
            if (fault) faults.push(`seed ${seed}, request ${number}: ${fault}: ${shown(odd)} ${shown(answer)}`);
            if (number % batch === 0) expectCalm(shell());
          }
        };
        await Promise.all(Array.from({ length: concurrency }, one));
        agent.destroy();
        expect(faults).toEqual([]);
        expect(answered).toBe(requests);
      }),
  );

  test(
    `bytes that are no HTTP change nothing, and end their own connection alone (seed ${seed})`,
    {
      timeout: limitMs,
    },
    () =>
      changesNothing(shell(), async ({ api, known }) => {
        const { host } = new URL(api.origin);
        const faults: string[] = [];
        for (let from = 0; from < rawRequests; from += concurrency) {
          const some = Array.from({ length: Math.min(concurrency, rawRequests - from) }, async (_, index) => {
            const bytes = oddBytes(host, new Dice(seed * 1_000_003 + 5e6 + from + index), known);
            const status = await statusOfBytes(api.origin, bytes);
            // workerd itself says 501 to a method that it has never heard of.
            if (status !== undefined && status >= 500 && status !== 501) {
              faults.push(`seed ${seed}, number ${from + index}: ${status}: ${shown(bytes)}`);
            }
          });
          await Promise.all(some);
        }
        expect(faults).toEqual([]);
      }),
  );

  test.each(["//", "//[", "/%", "/q/%ff/client", "/q//agent", "/q/x/client/y", "/q/undefined/agent", "/?"])(
    "a handshake at %s is refused, and the server goes on",
    async (path) => {
      const api = new QueueApi(shell());
      const { status } = await handshake(api.origin, path);
      expect([path, status >= 400 && status < 500]).toEqual([path, true]);
      expect((await api.request(paths.health())).status).toBe(200);
    },
  );

  test(`malformed frames of a client change nothing (seed ${seed})`, { timeout: limitMs }, () =>
    changesNothing(shell(), async ({ api, known }) => {
      const open = async () => (await TestClient.connect(api)).socket;
      const frame = (dice: Dice) => malformed(ClientMessage, isFrame, dice, known, namedFrame);
      await sendFrames(open, frame, frames.client, 1e6);
    }),
  );

  test(`malformed frames of an agent, and others' attempts, change nothing (seed ${seed})`, { timeout: limitMs }, () =>
    changesNothing(shell(), async ({ api, agent, known }) => {
      const broken = (dice: Dice) => malformed(AgentMessage, isAccepted(AgentMessage), dice, known);
      const silent = async () => (await TestAgent.open(api)).socket;
      const identity = newIdentity();
      const foreign = async () => (await TestAgent.connect(api, { identity, offer: { slots: 0 } })).socket;
      // Well-formed, but before a hello, or about what another agent runs.
      const strange = (dice: Dice) => {
        const frame = v.parse(v.looseObject({ type: v.string() }), sample(AgentMessage, dice, known));
        return frame.type === "hello" ? broken(dice) : JSON.stringify(frame);
      };
      await sendFrames(silent, broken, frames.silent, 2e6);
      await sendFrames(foreign, broken, frames.foreign, 3e6);
      for (const [index, open] of [silent, foreign].entries()) {
        await sendFrames(open, strange, strangeFrames / 2, (6 + index) * 1e6);
      }
      // The very agent that runs the job.
      for (let i = 0; i < frames.own; i++) {
        const data = broken(new Dice(seed * 1_000_003 + 4e6 + i));
        if (typeof data === "string") agent.socket.sendText(data);
        else agent.socket.sendBytes(data);
      }
      await agent.sync();
    }),
  );
});

/** Whether the edge would do what the frame says. */
function isFrame(value: unknown): boolean {
  const message = v.safeParse(ClientMessage, value);
  if (!message.success || message.output.type !== "StateChange") return message.success;
  const { payload } = message.output;
  return payload.state !== "Queued" || isSubmission(payload.value.enqueued);
}

/** A submission's frame with its definition's own name, if it has one. */
function namedFrame(value: unknown): unknown {
  const frame = v.safeParse(SubmissionFrame, value);
  if (!frame.success) return value;
  const { type, payload } = frame.output;
  return { type, payload: { ...payload, value: { ...payload.value, enqueued: named(payload.value.enqueued) } } };
}

const SubmissionFrame = v.object({
  type: v.literal("StateChange"),
  payload: v.looseObject({ state: v.literal("Queued"), value: v.looseObject({ enqueued: v.unknown() }) }),
});

/** The status of a refused handshake; fails if it was taken. */
async function handshake(origin: string, path: string): Promise<{ status: number }> {
  const agent = new Agent();
  const headers = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  };
  return send(origin, agent, { method: "GET", path, headers, body: undefined }).finally(() => agent.destroy());
}
