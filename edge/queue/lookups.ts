// What both shells' accesses ask of a queue without changing it.

import { type JobId, own } from "../../wire/ids.ts";
import type { FinishedJob, QueueStatus } from "../deployment.ts";
import { namespacesOf } from "./jobs.ts";
import { text } from "./sql.ts";
import type { Turn } from "./turn.ts";
import { decidedById, finishedById, listedJobs, shownById, workers } from "./watch.ts";

export const lookups = {
  list: (turn: Turn) => listedJobs(turn, turn.settings.finishedListMax),
  job: (turn: Turn, id: JobId) => shownById(turn, id),
  finished: (turn: Turn, id: JobId): FinishedJob | undefined => finishedById(turn, id),
  decided: (turn: Turn, id: JobId): FinishedJob | undefined => decidedById(turn, id),
  namespaces: (turn: Turn, id: JobId) => namespacesOf(turn, id),
  definition: (turn: Turn, id: JobId): string | undefined => {
    const [row] = turn.sql.all("SELECT canonical FROM definitions WHERE queue = ? AND job = ?", turn.queue, id);
    return row && text(row, "canonical");
  },
  status: (turn: Turn): QueueStatus => ({
    jobs: listedJobs(turn, turn.settings.finishedListMax),
    workers: workers(turn).map((worker) => ({ ...worker, running: runningAt(turn, worker.id) })),
    clients: turn.sessions.clients().length,
  }),
} as const;

function runningAt(turn: Turn, agent: string): readonly JobId[] {
  return turn.sql
    .all("SELECT id FROM jobs WHERE queue = ? AND agent = ? AND state = 'Running'", turn.queue, agent)
    .map((row) => own.jobId(text(row, "id")));
}
