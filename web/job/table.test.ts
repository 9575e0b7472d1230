import { expect, test } from "vitest";
import { delimiterOf, isNumeric, numberIn, orderBy, parseTable, pointsOf, thinned } from "./table.ts";

test.each([
  ["a,b\n1,2\n", [["1", "2"]]],
  [
    "a,b\r\n1,2\r\n3,4",
    [
      ["1", "2"],
      ["3", "4"],
    ],
  ],
  ['a,b\n"x, ""y""\nz",2', [['x, "y"\nz', "2"]]],
  ["a,b\n\n,\n1", [["", ""], ["1"]]],
  ['a,b\n"never closed', [["never closed"]]],
  ["\ufeffa,b\n1,2", [["1", "2"]]],
])("%j has the rows %j", (text, rows) => {
  const table = parseTable(text, ",");
  expect(table.header).toEqual(["a", "b"]);
  expect(table.rows).toEqual(rows);
});

test("the delimiter is what the first line has most of", () => {
  expect(["a,b", "a;b;c,d", "a\tb", "a", ""].map(delimiterOf)).toEqual([",", ";", "\t", ",", ","]);
});

test.each([
  ["1", 1],
  [" -2.5e3 ", -2500],
  [".5", 0.5],
  ["", undefined],
  ["1 apple", undefined],
  ["Infinity", undefined],
  ["0x10", 16],
])("the cell %j is the number %s", (cell, value) => {
  expect(numberIn(cell)).toBe(value);
});

test("rows are ordered by number where there are numbers, and empty cells come last either way", () => {
  const table = parseTable("n,w\n10,b\n9,a\n,c\nx,", ",");
  expect(orderBy(table, 0, false)).toEqual([1, 0, 3, 2]);
  expect(orderBy(table, 0, true)).toEqual([0, 1, 3, 2]);
  expect(orderBy(table, 1, false)).toEqual([1, 0, 2, 3]);
});

test("a column of numbers can be plotted; gaps are left out", () => {
  const table = parseTable("n,w\n1,a\n,b\n3,c\n4,d\n5,e\n6,f", ",");
  expect([isNumeric(table, 0), isNumeric(table, 1)]).toEqual([true, false]);
  expect(pointsOf(table, 0)).toEqual([
    [1, 1],
    [3, 3],
    [4, 4],
    [5, 5],
    [6, 6],
  ]);
});

test("a long curve keeps its peaks", () => {
  const points = Array.from({ length: 10_000 }, (_, x) => [x, x === 777 ? 100 : x === 778 ? -100 : 0] as const);
  const few = thinned(points, 100);
  expect(few.length).toBeLessThanOrEqual(100);
  expect(few).toContainEqual([777, 100]);
  expect(few).toContainEqual([778, -100]);
});
