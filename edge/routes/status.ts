// A queue's state for people and scripts.

import type { Context } from "hono";
import type { StatusAnswer } from "../../wire/http.ts";
import type { Deployment } from "../deployment.ts";
import { queueName } from "./params.ts";

/** A queue is one server: all its agents are in `localWorkers`. */
export async function sendStatus(deployment: Deployment, c: Context): Promise<Response> {
  const name = queueName(c);
  const { jobs, workers, clients } = await deployment.queue(name).status();
  const jobStates = jobs.map(([id, job]) => ({
    id: id.slice(0, 6),
    state: job.state,
    worker: job.worker.slice(0, 6) || "none",
  }));
  const answer: StatusAnswer = {
    jobs: Object.fromEntries(
      jobs.map(([id, { state, finishedReason, waiting, place }]) => [
        id,
        {
          state,
          ...(finishedReason ? { finishedReason } : {}),
          ...(waiting ? { waiting } : {}),
          ...(place === undefined ? {} : { place }),
        },
      ]),
    ),
    otherServers: {},
    localWorkers: Object.fromEntries(
      workers.map(({ running, ...worker }) => [
        worker.id,
        { ...worker, queue: Object.fromEntries(running.map((jobId) => [jobId, { jobId, finished: false }])) },
      ]),
    ),
    clientCount: clients,
    queueInfo: {
      // Whoever asks has named the queue.
      address: name,
      serverId: "longshore",
      broadcastChannel: "in-isolate",
      jobCount: jobs.length,
      localWorkerCount: workers.length,
      otherWorkerCount: 0,
      clientCount: clients,
      jobStates,
    },
  };
  return c.json(answer);
}
