// A container's output on its way to lines: frames, lines, excerpt.

import { describe, expect, test } from "vitest";
import type { ConsoleLogLine } from "../wire/result.ts";
import { Demultiplexer } from "./docker/demux.ts";
import { Excerpt } from "./job/excerpt.ts";
import { LineSplitter } from "./job/lines.ts";
import { logLineCharsMax } from "./limits.ts";

function frame(stream: number, text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

describe("the demultiplexer", () => {
  test("gives each stream its bytes, however the frames are cut", () => {
    const wire = Buffer.concat([
      frame(1, "out"),
      frame(2, "err"),
      frame(1, ""),
      frame(1, "größer\n"),
      frame(3, "engine"),
    ]);
    for (let size = 1; size <= wire.length; size += 1) {
      const got = { stdout: "", stderr: "" };
      const parts: Buffer[] = [];
      const demultiplexer = new Demultiplexer((stream, payload) => {
        parts.push(payload);
        got[stream] += payload.toString("latin1");
      });
      for (let at = 0; at < wire.length; at += size) demultiplexer.write(wire.subarray(at, at + size));
      expect(Buffer.from(got.stdout, "latin1").toString()).toBe("outgrößer\n");
      expect(got.stderr).toBe("errengine");
    }
  });

  test("refuses what is no multiplexed stream", () => {
    const demultiplexer = new Demultiplexer(() => {});
    expect(() => demultiplexer.write(Buffer.from("plain text"))).toThrow(/no stream/);
  });
});

describe("the line splitter", () => {
  const cases: readonly (readonly [why: string, chunks: readonly string[], lines: readonly string[]])[] = [
    ["splits at line ends", ["a\nb\n"], ["a", "b"]],
    ["keeps a last line without an end", ["a\nb"], ["a", "b"]],
    ["keeps empty lines", ["a\n\nb\n"], ["a", "", "b"]],
    ["joins what chunks have cut", ["on", "e\ntw", "o\n"], ["one", "two"]],
    ["takes CR LF as one end", ["a\r\nb\r", "\nc"], ["a", "b", "c"]],
    ["keeps what a redrawn line shows last", ["p 1\rp 2\r", "p 3\rdone\n"], ["done"]],
    ["keeps the last look when it ends with a return", ["p 1\r", "p 2\r"], ["p 2"]],
    ["reads redraws that begin with a return", ["\rp 1", "\rp 2", "\n"], ["p 2"]],
  ];
  test.each(cases)("%s", (_why, chunks, lines) => {
    const splitter = new LineSplitter();
    const got = chunks.flatMap((chunk) => splitter.write(Buffer.from(chunk)));
    expect([...got, ...splitter.end()]).toEqual(lines);
  });

  test("joins a character whose bytes were cut", () => {
    const splitter = new LineSplitter();
    const bytes = Buffer.from("grün\n");
    expect([...bytes].flatMap((byte) => splitter.write(Buffer.from([byte])))).toEqual(["grün"]);
  });

  test("cuts a line of any length into pieces of a limited one and loses nothing", () => {
    const splitter = new LineSplitter();
    const text = "x".repeat(logLineCharsMax * 3 + 7);
    const got = [...splitter.write(Buffer.from(text)), ...splitter.end()];
    expect(got.join("")).toBe(text);
    expect(Math.max(...got.map((line = "") => line.length))).toBe(logLineCharsMax);
  });

  test("shows how a redrawn line looks now, once for each look, and no line that waits for its end", () => {
    const splitter = new LineSplitter();
    splitter.write(Buffer.from("no end yet"));
    expect(splitter.redrawn()).toBeUndefined();
    splitter.write(Buffer.from("\n10 %\r20 %\r"));
    expect(splitter.redrawn()).toBe("20 %");
    expect(splitter.redrawn()).toBeUndefined();
    expect(splitter.write(Buffer.from("100 %\n"))).toEqual(["100 %"]);
  });

  test("does not repeat a look that was shown when its line ends, and still counts the line", () => {
    const splitter = new LineSplitter();
    splitter.write(Buffer.from("99 %\r100 %\r"));
    expect(splitter.redrawn()).toBe("100 %");
    expect(splitter.write(Buffer.from("\nnext\n"))).toEqual([undefined, "next"]);
  });

  test("cuts no character of a long line in half", () => {
    const splitter = new LineSplitter();
    const text = `x${"\u{1f680}".repeat(logLineCharsMax)}`;
    const got = [...splitter.write(Buffer.from(text)), ...splitter.end()];
    expect(got.join("")).toBe(text);
    expect(got.every((line = "") => line.isWellFormed())).toBe(true);
  });

  test("takes a megabyte without a line end byte by byte in no time", () => {
    const splitter = new LineSplitter();
    const byte = Buffer.from("x");
    const began = process.cpuUsage();
    let lines = 0;
    for (let i = 0; i < 1_000_000; i += 1) lines += splitter.write(byte).length;
    expect(lines).toBe(30);
    expect(process.cpuUsage(began).user).toBeLessThan(1e6);
  });

  test("takes any bytes, and makes text of them", () => {
    const splitter = new LineSplitter();
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const text = [...splitter.write(bytes), ...splitter.end()].join("\n");
    expect(text).toContain("\u0000\u0001");
    expect(text).toContain("xyz{|}~\u007f\ufffd");
  });
});

describe("the excerpt", () => {
  const line = (number: number): ConsoleLogLine => [`line ${number}`, 1];

  test("has everything that fits, and which steps it comes from", () => {
    const excerpt = new Excerpt(10_000);
    const lines = Array.from({ length: 100 }, (_, index) => line(index));
    for (const [index, one] of lines.entries()) excerpt.add(index < 3 ? "docker image pull" : "Running", one);
    expect(excerpt.end()).toEqual({ logs: lines, logSteps: [["docker image pull", 3]], isComplete: true });
  });

  test("needs no steps for what the container printed", () => {
    const excerpt = new Excerpt(10_000);
    excerpt.add("Running", line(1));
    expect(excerpt.end()).toEqual({ logs: [line(1)], isComplete: true });
  });

  test("else the beginning, a note with the number, and the end, within its size", () => {
    const excerpt = new Excerpt(2_000);
    for (let number = 0; number < 10_000; number += 1) excerpt.add("Running", line(number));
    const { logs, isComplete } = excerpt.end();
    expect(isComplete).toBe(false);
    expect(logs[0]).toEqual(line(0));
    expect(logs.at(-1)).toEqual(line(9_999));
    const note = logs.findIndex(([text]) => /lines are left out/.test(text));
    expect(logs[note]?.[0]).toContain(String(10_000 - (logs.length - 1)));
    expect(Buffer.byteLength(JSON.stringify(logs))).toBeLessThan(2_200);
  });

  test("stays within its size however the lines are written in JSON", () => {
    const excerpt = new Excerpt(2_000);
    for (let number = 0; number < 100; number += 1) excerpt.add("Running", ["\u0001".repeat(50), 1_700_000_000_000]);
    const { logs } = excerpt.end();
    expect(Buffer.byteLength(JSON.stringify(logs))).toBeLessThan(2_200);
    expect(logs.at(-1)?.[0]).toBe("\u0001".repeat(50));
  });

  test("keeps only the beginning of a line that is larger than itself", () => {
    const excerpt = new Excerpt(1_000);
    excerpt.add("Running", ["x".repeat(5_000), 1]);
    excerpt.add("Running", ["end", 1]);
    const { logs, isComplete } = excerpt.end();
    expect(isComplete).toBe(false);
    expect(Buffer.byteLength(JSON.stringify(logs))).toBeLessThan(1_200);
    expect(logs.at(-1)?.[0]).toBe("end");
  });
});
