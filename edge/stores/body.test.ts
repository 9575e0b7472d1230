import { afterEach, expect, test, vi } from "vitest";
import { uploadSilenceMs } from "../limits.ts";
import { BodyFault, chunksOf } from "./body.ts";

afterEach(() => {
  vi.useRealTimers();
});

async function read(body: ReadableStream<Uint8Array>, length: number | undefined): Promise<number> {
  let received = 0;
  for await (const chunk of chunksOf(body, { length, bytesMax: 1_000 })) received += chunk.length;
  return received;
}

test.each([undefined, 100])("a body that brings nothing for long is given up (length %s)", async (length) => {
  vi.useFakeTimers();
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel: () => {
      cancelled = true;
    },
  });
  const outcome = read(body, length).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(2 * uploadSilenceMs);
  expect(await outcome).toMatchObject({ outcome: "incomplete" });
  expect(await outcome).toBeInstanceOf(BodyFault);
  expect(cancelled).toBe(true);
});

test("a body that is slow but goes on is taken", async () => {
  vi.useFakeTimers();
  let left = 10;
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        await new Promise((resolve) => setTimeout(resolve, uploadSilenceMs - 1));
        if (left-- > 0) controller.enqueue(new Uint8Array(1));
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  const received = read(body, 10);
  await vi.advanceTimersByTimeAsync(12 * uploadSilenceMs);
  expect(await received).toBe(10);
  expect(vi.getTimerCount()).toBe(0);
});
