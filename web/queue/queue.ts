// One queue as its client socket shows it: jobs, agents, what was refused. It follows whichever queue the address names,
// and repeats after a reconnect what has not been answered.

import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { ServerMessage } from "../../wire/clientMessages.ts";
import { paths } from "../../wire/http.ts";
import type { JobId } from "../../wire/ids.ts";
import type { Job, WorkerRegistration } from "../../wire/job.ts";
import type { QueueTarget } from "../url/target.ts";
import { type Asked, isAnswered } from "./asked.ts";
import { frames, parseFrame } from "./frames.ts";
import { type Connection, openQueueSocket, type QueueSocket, type SocketShell } from "./socket.ts";

export interface Refusal {
  readonly code: string;
  readonly error: string;
  readonly retryAfterMs: number | undefined;
}

export interface Queue {
  readonly connection: ReadonlySignal<Connection>;
  readonly jobs: ReadonlySignal<ReadonlyMap<string, Job>>;
  /** Undefined until the server has said. */
  readonly agents: ReadonlySignal<readonly WorkerRegistration[] | undefined>;
  /** What was sent for a job and has no answer yet. */
  readonly asked: ReadonlySignal<ReadonlyMap<string, Asked>>;
  readonly refusals: ReadonlySignal<ReadonlyMap<string, Refusal>>;
  ask(id: JobId, asked: Asked): void;
  /** Watches a job: its state and its live log are sent, also after a reconnect. */
  watch(id: JobId): void;
  retryNow(): void;
}

export type QueueResources = Extract<ServerMessage, { type: "JobResources" }>["payload"];
type Logs = Extract<ServerMessage, { type: "JobStatusPayload" }>["payload"];
/** A refusal of a frame that named no job. */
export const anyJob = "";

export function createQueue(
  target: ReadonlySignal<QueueTarget | undefined>,
  shell: SocketShell,
  onLogs: (logs: Logs) => void,
  onResources: (resources: QueueResources) => void = () => {},
): Queue {
  const connection = signal<Connection>({ kind: "none" });
  const jobs = signal<ReadonlyMap<string, Job>>(new Map());
  const agents = signal<readonly WorkerRegistration[] | undefined>(undefined);
  const asked = signal<ReadonlyMap<string, Asked>>(new Map());
  const refusals = signal<ReadonlyMap<string, Refusal>>(new Map());
  let socket: QueueSocket | undefined;
  let watched: JobId | undefined;

  const settle = (isSnapshot: boolean, named: ReadonlyMap<string, Job>) => {
    const open = [...asked.value].filter(([id, one]) => !isAnswered(one, named.get(id), isSnapshot));
    if (open.length !== asked.value.size) asked.value = new Map(open);
  };
  const refuse = (id: string, refusal: Refusal) => {
    refusals.value = new Map(refusals.value).set(id, refusal);
    asked.value = without(asked.value, id);
  };
  const receive = (message: ServerMessage) => {
    switch (message.type) {
      case "JobStates":
      case "JobStateUpdates": {
        const named = new Map(Object.entries(message.payload.state.jobs));
        const isSnapshot = message.type === "JobStates" && !message.payload.isSubset;
        jobs.value = isSnapshot ? listed(named, jobs.value, watched) : merged(jobs.value, named);
        return settle(isSnapshot, named);
      }
      case "Workers":
        agents.value = message.payload.workers;
        return;
      case "JobStatusPayload":
        return onLogs(message.payload);
      case "JobResources":
        return onResources(message.payload);
      case "Refused": {
        const { jobId, code, error, retryAfterMs } = message.payload;
        return refuse(jobId ?? anyJob, { code, error, retryAfterMs });
      }
    }
  };

  effect(() => {
    const at = target.value;
    agents.value = undefined;
    jobs.value = new Map();
    asked.value = new Map();
    refusals.value = new Map();
    if (!at) {
      connection.value = { kind: "none" };
      return undefined;
    }
    const current = openQueueSocket(at.api.replace(/^http/, "ws") + paths.client(at.queue), shell, {
      opened() {
        // A submission goes before the query for the same job, so that the answer is about the new run.
        for (const one of asked.peek().values()) for (const text of one.frames) current.send(text);
        if (watched) current.send(frames.query(watched));
      },
      text(text) {
        const message = parseFrame(text);
        if (message) receive(message);
      },
    });
    socket = current;
    const unfollow = effect(() => {
      connection.value = current.connection.value;
    });
    return () => {
      unfollow();
      current.close();
      socket = undefined;
    };
  });

  return {
    connection,
    jobs,
    agents,
    asked,
    refusals,
    ask(id, one) {
      refusals.value = without(without(refusals.value, id), anyJob);
      asked.value = new Map(asked.value).set(id, one);
      for (const text of one.frames) socket?.send(text);
    },
    watch(id) {
      watched = id;
      socket?.send(frames.query(id));
    },
    retryNow: () => socket?.retryNow(),
  };
}

/** A snapshot shows active and recent jobs only: an older finished one that we look at is still what it was. */
function listed(
  named: ReadonlyMap<string, Job>,
  before: ReadonlyMap<string, Job>,
  watched: string | undefined,
): ReadonlyMap<string, Job> {
  const known = watched === undefined ? undefined : before.get(watched);
  const kept =
    watched !== undefined && known?.state === "Finished" && !named.has(watched)
      ? new Map(named).set(watched, known)
      : named;
  return merged(new Map(), kept);
}

function merged(before: ReadonlyMap<string, Job>, named: ReadonlyMap<string, Job>): ReadonlyMap<string, Job> {
  const jobs = new Map(before);
  for (const [id, job] of named) {
    if (job.state === "Removed" || job.finishedReason === "Deleted") jobs.delete(id);
    else jobs.set(id, job);
  }
  return jobs;
}

function without<T>(map: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> {
  if (!map.has(key)) return map;
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
