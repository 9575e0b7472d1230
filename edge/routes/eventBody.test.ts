import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { streamStallMs } from "../limits.ts";
import { eventBody } from "./eventBody.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function* endless(): AsyncGenerator<string> {
  for (let i = 0; ; i++) yield `${i}`;
}

async function* few(): AsyncGenerator<string> {
  yield "0";
  yield "1";
}

async function* failing(): AsyncGenerator<string> {
  yield "0";
  throw new Error("The store failed.");
}

async function textOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read();
  return new TextDecoder().decode(value);
}

test("a reader has something at once, then each event, then the end", async () => {
  const close = vi.fn();
  const reader = eventBody(few(), close).getReader();
  expect(await textOf(reader)).toMatch(/^retry: \d+\n\n$/);
  expect([await textOf(reader), await textOf(reader)]).toEqual(["0", "1"]);
  expect((await reader.read()).done).toBe(true);
  expect(close).toHaveBeenCalledTimes(1);
});

test("no event is made before its reader asks for it", async () => {
  let made = 0;
  async function* counted(): AsyncGenerator<string> {
    for (;;) yield `${made++}`;
  }
  const reader = eventBody(counted(), () => {}).getReader();
  for (let i = 0; i < 3; i++) await textOf(reader);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(made).toBe(2);
});

test("a reader that takes nothing for too long is dropped; a slow one is not", async () => {
  const close = vi.fn();
  const reader = eventBody(endless(), close).getReader();
  for (let i = 0; i < 5; i++) {
    await textOf(reader);
    await vi.advanceTimersByTimeAsync(streamStallMs - 1);
  }
  expect(close).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(close).toHaveBeenCalledTimes(1);
  await expect(reader.read()).rejects.toThrow("took nothing");
});

test("a reader that goes closes the session, once, also while it waits for an event", async () => {
  const close = vi.fn();
  async function* silent(): AsyncGenerator<string> {
    await new Promise<void>((resolve) => close.mockImplementation(resolve));
  }
  const reader = eventBody(silent(), close).getReader();
  await textOf(reader);
  const waiting = reader.read();
  await reader.cancel();
  expect((await waiting).done).toBe(true);
  await vi.advanceTimersByTimeAsync(2 * streamStallMs);
  expect(close).toHaveBeenCalledTimes(1);
});

test("a failure ends the stream and the session", async () => {
  const close = vi.fn();
  const reader = eventBody(failing(), close).getReader();
  await textOf(reader);
  expect(await textOf(reader)).toBe("0");
  await expect(reader.read()).rejects.toThrow("The store failed.");
  expect(close).toHaveBeenCalledTimes(1);
});
