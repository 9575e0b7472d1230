// What both shells' accesses ask of a queue without changing it.

import { type JobId, own } from "../../wire/ids.ts";
import type { FinishedJob, QueueMetrics, QueueStatus } from "../deployment.ts";
import { readJob } from "./jobs.ts";
import { historyOf, listedJobs, metricsOf, placesInLine } from "./listing.ts";
import { keptLog, type LogPlace, viewLog } from "./logView.ts";
import { text } from "./sql.ts";
import type { Turn } from "./turn.ts";
import { decidedById, finishedById, shownById, storedById, workers } from "./watch.ts";

export const lookups = {
  list: (turn: Turn) => [...listedJobs(turn, turn.settings.finishedListMax)],
  job: (turn: Turn, id: JobId) => shownById(turn, id),
  finished: (turn: Turn, id: JobId): FinishedJob | undefined => finishedById(turn, id),
  decided: (turn: Turn, id: JobId): FinishedJob | undefined => decidedById(turn, id),
  stored: (turn: Turn, id: JobId): FinishedJob | undefined => storedById(turn, id),
  log: (turn: Turn, id: JobId, place: LogPlace) => viewLog(turn, id, place),
  keptLog: (turn: Turn, id: JobId) => keptLog(turn, id),
  namespaces: (turn: Turn, id: JobId) => readJob(turn, id)?.namespaces ?? [],
  definition: (turn: Turn, id: JobId): string | undefined => {
    const [row] = turn.sql.all("SELECT canonical FROM definitions WHERE queue = ? AND job = ?", turn.queue, id);
    return row && text(row, "canonical");
  },
  history: (turn: Turn, id: JobId) => historyOf(turn, id),
  metrics: (turn: Turn): QueueMetrics => metricsOf(turn),
  status: (turn: Turn): QueueStatus => {
    const places = placesInLine(turn);
    return {
      jobs: Array.from(listedJobs(turn, turn.settings.finishedListMax), ([id, job]) => {
        const place = places.get(id);
        return [id, place === undefined ? job : { ...job, place }] as const;
      }),
      workers: workers(turn).map((worker) => ({ ...worker, running: runningAt(turn, worker.id) })),
      clients: turn.sessions.clients().length,
    };
  },
} as const;

function runningAt(turn: Turn, agent: string): readonly JobId[] {
  return turn.sql
    .all(
      "SELECT id FROM jobs INDEXED BY jobs_held WHERE queue = ? AND agent = ? AND state = 'Running'",
      turn.queue,
      agent,
    )
    .map((row) => own.jobId(text(row, "id")));
}
