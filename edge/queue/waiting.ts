// The two lines of waiting jobs during one round of assignments. Only the head of each shape is looked at, however many jobs
// wait; behind a head that is taken, the rows that follow are read several at a time.

import { shapesMax, waitingReadAheadMax } from "../limits.ts";
import { type JobRow, jobOfRow } from "./jobRow.ts";
import type { Turn } from "./turn.ts";

type Line = 0 | 1;

/** Jobs of one shape in one line, from its head on as far as they are read; `after` is the place of the last one taken. */
interface Shape {
  readonly shape: string;
  rows: JobRow[];
  after: number;
}

export class WaitingLines {
  readonly #turn: Turn;
  readonly #readAhead: number;
  readonly #shapes = new Map<Line, Shape[]>();

  /** `wanted`: how many jobs this round may give out. */
  constructor(turn: Turn, wanted: number) {
    this.#turn = turn;
    this.#readAhead = Math.min(wanted, waitingReadAheadMax);
  }

  /** The oldest waiting job of each shape. */
  heads(line: Line): readonly JobRow[] {
    const known = this.#shapes.get(line);
    if (!known) this.#shapes.set(line, this.#find(line));
    else for (const each of known) if (each.rows.length === 0 && each.after < Infinity) this.#readOn(line, each);
    return (this.#shapes.get(line) ?? []).flatMap(({ rows: [head] }) => head ?? []);
  }

  /** A head is given out: the next of its shape follows. */
  take(line: Line, head: JobRow): void {
    const found = this.#shapes.get(line)?.find(({ shape }) => shape === head.shape);
    found?.rows.shift();
    if (found) found.after = head.seq;
  }

  /** One index step a shape. */
  #find(line: Line): Shape[] {
    const shapes: Shape[] = [];
    let head = this.#head("shape >= ?", line, "");
    while (head && shapes.length < shapesMax) {
      shapes.push({ shape: head.shape, rows: [head], after: 0 });
      head = this.#head("shape > ?", line, head.shape);
    }
    return shapes;
  }

  #head(which: "shape >= ?" | "shape > ?", line: Line, shape: string): JobRow | undefined {
    const [row] = this.#turn.sql.all(
      `SELECT * FROM jobs INDEXED BY jobs_waiting WHERE queue = ? AND line = ? AND ${which} AND state = 'Queued'
       ORDER BY shape, seq LIMIT 1`,
      this.#turn.queue,
      line,
      shape,
    );
    return row && jobOfRow(row);
  }

  #readOn(line: Line, each: Shape): void {
    each.rows = this.#turn.sql
      .all(
        `SELECT * FROM jobs INDEXED BY jobs_waiting WHERE queue = ? AND line = ? AND shape = ? AND seq > ? AND state = 'Queued'
         ORDER BY seq LIMIT ?`,
        this.#turn.queue,
        line,
        each.shape,
        each.after,
        this.#readAhead,
      )
      .map(jobOfRow);
    if (each.rows.length === 0) each.after = Infinity;
  }
}
