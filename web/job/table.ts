// Tables in text: cells, their order by a column, and the points of a plot.

export interface TextTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Comma, semicolon or tab: whatever the first line has most of. */
export function delimiterOf(text: string): string {
  const end = text.indexOf("\n");
  const line = end < 0 ? text : text.slice(0, end);
  const count = (one: string) => line.split(one).length;
  return [",", ";", "\t"].reduce((best, one) => (count(one) > count(best) ? one : best), ",");
}

/** Quoted cells may hold delimiters, line ends and doubled quotes (RFC 4180). Empty lines are left out. */
export function parseTable(text: string, delimiter: string): TextTable {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = text.startsWith("\ufeff") ? 1 : 0;
  const endRow = () => {
    if (row.length > 1 || (row[0] ?? "") !== "") rows.push(row);
    row = [];
  };
  while (at <= text.length) {
    const { cell, end } = text[at] === '"' ? quotedCell(text, at + 1, delimiter) : plainCell(text, at, delimiter);
    row.push(cell);
    const stop = text[end];
    if (stop === delimiter) {
      at = end + 1;
      continue;
    }
    endRow();
    if (stop === undefined) break;
    at = end + (stop === "\r" && text[end + 1] === "\n" ? 2 : 1);
  }
  const [header = [], ...rest] = rows;
  return { header, rows: rest };
}

function plainCell(text: string, from: number, delimiter: string): { cell: string; end: number } {
  let end = from;
  while (end < text.length && text[end] !== delimiter && text[end] !== "\n" && text[end] !== "\r") end++;
  return { cell: text.slice(from, end), end };
}

function quotedCell(text: string, from: number, delimiter: string): { cell: string; end: number } {
  let cell = "";
  let at = from;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return { cell: cell + text.slice(at), end: text.length };
    cell += text.slice(at, quote);
    if (text[quote + 1] === '"') {
      cell += '"';
      at = quote + 2;
      continue;
    }
    // What follows the closing quote belongs to nobody; it is kept.
    const rest = plainCell(text, quote + 1, delimiter);
    return { cell: cell + rest.cell, end: rest.end };
  }
}

/** A cell as a number, or undefined. */
export function numberIn(cell: string | undefined): number | undefined {
  const text = cell?.trim() ?? "";
  if (text === "" || !/^[-+]?(\d|\.\d)/.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** A column most of whose cells are numbers. */
export function isNumeric({ rows }: TextTable, column: number): boolean {
  const filled = rows.filter((row) => (row[column] ?? "").trim() !== "");
  return filled.length > 1 && filled.filter((row) => numberIn(row[column]) !== undefined).length > filled.length * 0.8;
}

/** The rows' numbers in the order of a column; numbers before words, empty cells last. */
export function orderBy(table: TextTable, column: number, isDown: boolean): readonly number[] {
  const sign = isDown ? -1 : 1;
  const keys = table.rows.map((row) => ({ text: row[column] ?? "", number: numberIn(row[column]) }));
  return keys
    .map((_, index) => index)
    .sort((a, b) => {
      const [x, y] = [keys[a], keys[b]];
      if (!x || !y) return 0;
      if ((x.text === "") !== (y.text === "")) return x.text === "" ? 1 : -1;
      if (x.number !== undefined && y.number !== undefined) return sign * (x.number - y.number);
      if ((x.number === undefined) !== (y.number === undefined)) return x.number === undefined ? 1 : -1;
      return sign * x.text.localeCompare(y.text);
    });
}

export type Point = readonly [x: number, y: number];

/** A column over the row's number. */
export function pointsOf({ rows }: TextTable, column: number): readonly Point[] {
  return rows.flatMap((row, index): Point[] => {
    const y = numberIn(row[column]);
    return y === undefined ? [] : [[index + 1, y]];
  });
}

/** At most about `max` points: of each stretch the lowest and the highest, so that no peak is lost. */
export function thinned(points: readonly Point[], max: number): readonly Point[] {
  if (points.length <= max) return points;
  const stretch = Math.ceil((points.length * 2) / max);
  const kept: Point[] = [];
  for (let from = 0; from < points.length; from += stretch) {
    const part = points.slice(from, from + stretch);
    const [first] = part;
    if (!first) continue;
    const low = part.reduce((least, one) => (one[1] < least[1] ? one : least), first);
    const high = part.reduce((most, one) => (one[1] > most[1] ? one : most), first);
    kept.push(...(low[0] <= high[0] ? [low, high] : [high, low]));
  }
  return kept;
}
