import { expect, onTestFinished, test, vi } from "vitest";
import { sweepBlobs } from "./blobSweep.ts";

/** A folder that only notes what is asked of it. */
function folder(fault?: Error) {
  const asked: (readonly [turn: number, before: number])[] = [];
  const sweep = async (turn: number, before: number) => {
    asked.push([turn, before]);
    if (fault) throw fault;
    return 0;
  };
  return { asked, sweep };
}

test("each turn looks at the next subfolder, for what is older than blobs are kept", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const blobs = folder();
  let time = 1_000_000;
  const stop = sweepBlobs(blobs, { keepMs: 500_000, everyMs: 1, now: () => time++, onError: () => {} });
  await vi.advanceTimersByTimeAsync(10);
  expect(blobs.asked.length).toBeGreaterThan(3);
  await stop();
  const [[turn, before] = [0, 0]] = blobs.asked;
  expect([turn, before]).toEqual([1_000_000, 500_001]);
  expect(blobs.asked.map(([turn]) => turn)).toEqual(blobs.asked.map((_, index) => 1_000_000 + 2 * index));
  const { length } = blobs.asked;
  await vi.advanceTimersByTimeAsync(20);
  expect(blobs.asked).toHaveLength(length);
});

test("a turn that fails is told, and the next one comes", async () => {
  const blobs = folder(new Error("no such folder"));
  const errors: unknown[] = [];
  const stop = sweepBlobs(blobs, { everyMs: 1, now: Date.now, onError: (error) => errors.push(error) });
  await expect.poll(() => errors.length).toBeGreaterThan(1);
  await stop();
});
