// The unscoped routes where results are rows: what any queue has of a job, the oldest.

import { own, type QueueHash } from "../../wire/ids.ts";
import type { JobSource } from "../deployment.ts";
import { lookups } from "../queue/lookups.ts";
import { type Sql, text } from "../queue/sql.ts";
import type { Turn } from "../queue/turn.ts";

/** `look` reads in one queue. */
export function rowArchive(sql: Sql, look: <T>(queue: QueueHash, what: (turn: Turn) => T) => T): JobSource {
  return {
    definition: async (id) => {
      const [row] = sql.all("SELECT canonical FROM definitions WHERE job = ? LIMIT 1", id);
      return row && text(row, "canonical");
    },
    finished: async (id) => {
      const [row] = sql.all("SELECT queue FROM results WHERE job = ? ORDER BY finished_at LIMIT 1", id);
      return row && look(own.queueHash(text(row, "queue")), (turn) => lookups.stored(turn, id));
    },
    log: async (id, place) => {
      const [row] = sql.all(
        `SELECT queue, finished_at AS at FROM results WHERE job = ?1 UNION ALL
         SELECT queue, ended_at AS at FROM log_heads WHERE job = ?1 AND ended_at IS NOT NULL ORDER BY at LIMIT 1`,
        id,
      );
      const view = row && look(own.queueHash(text(row, "queue")), (turn) => lookups.log(turn, id, place));
      // Nothing is archived here: all of it is rows.
      return view === undefined || view === "archived" || !view.isOver ? undefined : view;
    },
  };
}
