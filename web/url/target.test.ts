import { expect, test } from "vitest";
import { resolveQueue } from "./target.ts";

const hosted = "https://longshore.example";

test.each([
  ["public1", hosted, hosted, "public1", false],
  ["local", hosted, "http://localhost:8000", "local", true],
  ["local", "http://localhost:9001", "http://localhost:9001", "local", true],
  ["local", "http://127.0.0.1:8000", "http://127.0.0.1:8000", "local", true],
  ["team", "http://localhost:8000", "http://localhost:8000", "team", true],
  ["https://other.example/qq", hosted, "https://other.example", "qq", false],
  ["https://other.example/q/qq", hosted, "https://other.example", "qq", false],
  ["https://other.example/q/qq/", hosted, "https://other.example", "qq", false],
  ["https://other.example//qq?x#y", hosted, "https://other.example", "qq", false],
  ["wss://other.example/q/a%20b", hosted, "https://other.example", "a b", false],
  ["http://[::1]:8000/local", hosted, "http://[::1]:8000", "local", true],
])("%s on a page of %s is the server %s, queue %s", (written, page, api, queue, loopback) => {
  expect(resolveQueue(written, page)).toEqual({ kind: "target", target: { api, queue, loopback } });
});

test.each(["https://other.example", "https://", "undefined", "x".repeat(200), "https://h/%zz"])(
  "%s is no queue, and says why",
  (written) => {
    expect(resolveQueue(written, hosted)).toMatchObject({ kind: "invalid", error: expect.stringMatching(/\w/) });
  },
);

test("no name is no queue", () => {
  expect(resolveQueue("", hosted)).toEqual({ kind: "none" });
});
