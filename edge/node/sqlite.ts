// Node's SQLite as the queue's `Sql`.

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { walPagesMax } from "../limits.ts";
import type { Row, Sql, SqlValue } from "../queue/sql.ts";

export class NodeSql implements Sql {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;

  /** `path` may be ":memory:". */
  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec("PRAGMA journal_mode = WAL");
    // An answer that left must survive a power cut.
    this.#db.exec("PRAGMA synchronous = FULL");
    this.#db.exec(`PRAGMA wal_autocheckpoint = ${walPagesMax}`);
  }

  all(statement: string, ...params: readonly SqlValue[]): readonly Row[] {
    return this.#prepared(statement).all(...params);
  }

  each(statement: string, ...params: readonly SqlValue[]): Iterable<Row> {
    return this.#prepared(statement).iterate(...params);
  }

  #prepared(statement: string): StatementSync {
    const known = this.#statements.get(statement);
    if (known) return known;
    const prepared = this.#db.prepare(statement);
    this.#statements.set(statement, prepared);
    return prepared;
  }

  transaction<T>(change: () => T): T {
    const outermost = this.#depth === 0;
    const name = `level${this.#depth}`;
    this.all(outermost ? "BEGIN IMMEDIATE" : `SAVEPOINT ${name}`);
    this.#depth += 1;
    try {
      const result = change();
      this.all(outermost ? "COMMIT" : `RELEASE ${name}`);
      return result;
    } catch (error) {
      if (this.isInTransaction) {
        this.all(outermost ? "ROLLBACK" : `ROLLBACK TO ${name}`);
        if (!outermost) this.all(`RELEASE ${name}`);
      }
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  /** False after SQLite took a transaction back by itself, as it does when the disk is full (https://sqlite.org/lang_transaction.html). */
  get isInTransaction(): boolean {
    return this.#db.isTransaction;
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }
}
