// The small SQL interface that a Durable Object's storage and Node's SQLite both satisfy. Values are text, safe integers or
// null (other types differ between the two); one statement at a time; every parameter given.

export type SqlValue = string | number | null;
export type Row = Readonly<Record<string, unknown>>;

export interface Sql {
  /** All rows of one statement. */
  all(statement: string, ...params: readonly SqlValue[]): readonly Row[];
  /** The same, row by row: many of them never are in memory together. Nothing may be written before the last. */
  each(statement: string, ...params: readonly SqlValue[]): Iterable<Row>;
  /** Runs `change` in one transaction; an exception takes back everything it did. */
  transaction<T>(change: () => T): T;
}

/** What a queue reads that has no rows yet. */
export const emptySql: Sql = { all: () => [], each: () => [], transaction: (change) => change() };

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`Column ${column} holds ${typeof value}, not text.`);
  return value;
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new TypeError(`Column ${column} holds ${typeof value}, not a number.`);
  return value;
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

export function integerOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : integer(row, column);
}
