// Runs that are remembered in this browser, the newest of them, and in no other place.

import { openDB } from "idb";
import * as v from "valibot";
import { RunRecord } from "../job/runRecord.ts";
import { runsKeptMax } from "../limits.ts";

export interface RunStore {
  /** The newest first. */
  all(): Promise<readonly RunRecord[]>;
  /** Writes one run, or writes it again; the oldest beyond the limit are forgotten. */
  put(record: RunRecord): Promise<void>;
  clear(): Promise<void>;
}

const table = "runs";

/** Rejects where the browser keeps nothing, as in some private windows. */
export async function openRunStore(): Promise<RunStore> {
  const database = await openDB("longshore", 1, {
    upgrade: (db) => void db.createObjectStore(table, { keyPath: "run" }).createIndex("time", "time"),
    // Another window has a newer page: that one goes on.
    blocking: (_old, _next, event) => {
      if (event.target instanceof IDBDatabase) event.target.close();
    },
  });
  return {
    async all() {
      const found: readonly unknown[] = await database.getAllFromIndex(table, "time");
      return found
        .flatMap((row) => {
          const parsed = v.safeParse(RunRecord, row);
          return parsed.success ? [parsed.output] : [];
        })
        .reverse();
    },
    async put(record) {
      const transaction = database.transaction(table, "readwrite");
      await transaction.store.put(record);
      let excess = (await transaction.store.count()) - runsKeptMax;
      for (let at = await transaction.store.index("time").openCursor(); at && excess > 0; excess--) {
        await at.delete();
        at = await at.continue();
      }
      await transaction.done;
    },
    clear: () => database.clear(table),
  };
}
