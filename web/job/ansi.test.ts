import { expect, test } from "vitest";
import { colourOf, lookAfter, plainLine, plainLook, spansOf } from "./ansi.ts";

test.each([
  ["\u001b[31mred\u001b[0m", "red"],
  ["\u001b]8;;https://x\u0007link\u001b]8;;\u0007", "link"],
  ["10%\r50%\r100%", "100%"],
  ["long line\rab", "abng line"],
  ["ends\r", "ends"],
  ["abc\b\bX", "aXc"],
  ["a\u0000b\u0007", "ab"],
  ["\tx <b>", "\tx <b>"],
  ["\u001b[2K\u001b[1Gmoved", "moved"],
])("the log line %j reads %j", (line, text) => {
  expect(plainLine(line)).toBe(text);
});

test("each piece of a line has its own look", () => {
  expect(spansOf("a\u001b[1;31mb\u001b[39mc\u001b[md", plainLook)).toEqual([
    { text: "a", look: {} },
    { text: "b", look: { isBold: true, colour: 1 } },
    { text: "c", look: { isBold: true } },
    { text: "d", look: {} },
  ]);
});

test("a look goes on until it is ended, also over lines", () => {
  const look = lookAfter("begins \u001b[32mgreen", plainLook);
  expect(spansOf("goes on", look)).toEqual([{ text: "goes on", look: { colour: 2 } }]);
  expect(lookAfter("no escape", look)).toBe(look);
  expect(lookAfter("ends\u001b[0m", look)).toEqual({});
});

test.each([
  ["38;5;196", { colour: 196 }],
  ["48;2;1;2;255", { background: "#0102ff" }],
  ["38:5:8", { colour: 8 }],
  ["91", { colour: 9 }],
  ["38;5", { colour: 0 }],
  ["38;2;1", {}],
  ["999", {}],
])("the codes %s give %j", (codes, look) => {
  expect(lookAfter(`\u001b[${codes}m`, plainLook)).toEqual(look);
});

test("what a carriage return writes over keeps the looks of both", () => {
  expect(spansOf("\u001b[31maaaa\r\u001b[32mbb", plainLook)).toEqual([
    { text: "bb", look: { colour: 2 } },
    { text: "aa", look: { colour: 1 } },
  ]);
});

test("the 256 colours are those of terminals", () => {
  expect([colourOf(16), colourOf(196), colourOf(231), colourOf(232), colourOf("#010203")]).toEqual([
    "rgb(0 0 0)",
    "rgb(255 0 0)",
    "rgb(255 255 255)",
    "rgb(8 8 8)",
    "#010203",
  ]);
});
