// Node's SQLite as the queue's `Sql`, and the group commit that makes it fast: all turns of one tick of the event loop share
// a transaction, and what they want to tell the world leaves when it is on disk.

import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Row, Sql, SqlValue } from "../queue/sql.ts";

interface Waiting {
  readonly committed: () => void;
  readonly failed: (error: unknown) => void;
}

export class NodeSql implements Sql {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #waiting: Waiting[] = [];
  #depth = 0;
  #groupOpen = false;

  /** `path` may be ":memory:". */
  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec("PRAGMA journal_mode = WAL");
    // An answer that left must survive a power cut.
    this.#db.exec("PRAGMA synchronous = FULL");
  }

  all(statement: string, ...params: readonly SqlValue[]): readonly Row[] {
    let prepared = this.#statements.get(statement);
    if (!prepared) {
      prepared = this.#db.prepare(statement);
      this.#statements.set(statement, prepared);
    }
    return prepared.all(...params);
  }

  transaction<T>(change: () => T): T {
    const outermost = this.#depth === 0 && !this.#groupOpen;
    const name = `level${this.#depth}`;
    this.all(outermost ? "BEGIN IMMEDIATE" : `SAVEPOINT ${name}`);
    this.#depth += 1;
    try {
      const result = change();
      this.all(outermost ? "COMMIT" : `RELEASE ${name}`);
      return result;
    } catch (error) {
      this.all(outermost ? "ROLLBACK" : `ROLLBACK TO ${name}`);
      if (!outermost) this.all(`RELEASE ${name}`);
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  /** Runs `work` now, in the transaction of this tick; resolves with its result when that is on disk. */
  grouped<T>(work: () => T): Promise<T> {
    if (!this.#groupOpen) {
      this.#db.exec("BEGIN IMMEDIATE");
      this.#groupOpen = true;
      setImmediate(() => this.flush());
    }
    return new Promise((resolve, reject) => {
      const result = work();
      this.#waiting.push({ committed: () => resolve(result), failed: reject });
    });
  }

  /** Commits what is open. If the disk refuses, everything since the last commit is undone, and all who wait for it hear so. */
  flush(): void {
    if (!this.#groupOpen) return;
    const waiting = this.#waiting.splice(0);
    try {
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#db.exec("ROLLBACK");
      for (const { failed } of waiting) failed(error);
      return;
    } finally {
      this.#groupOpen = false;
    }
    for (const { committed } of waiting) committed();
  }

  close(): void {
    this.flush();
    this.#statements.clear();
    this.#db.close();
  }
}
