import { expect, test } from "vitest";
import type { Job } from "../../wire/job.ts";
import { lastHour } from "./lastHour.ts";

const minute = 60_000;
const now = 100 * minute;
const job = (state: Job["state"], queuedMinutesAgo: number, changedMinutesAgo: number): Job => ({
  state,
  queuedTime: now - queuedMinutesAgo * minute,
  time: now - changedMinutesAgo * minute,
  worker: "",
});

test("each job counts in the minutes in which it waited, ran or ended", () => {
  const { minutes, since } = lastHour([job("Queued", 2, 2), job("Running", 3, 1), job("Finished", 10, 5)], now, 10);
  expect(since).toBeUndefined();
  expect(minutes).toHaveLength(60);
  expect(minutes.at(-1)).toEqual({ waiting: 1, running: 1, ended: 0 });
  expect(minutes.at(-3)).toEqual({ waiting: 1, running: 0, ended: 0 });
  expect(minutes.reduce((sum, { ended }) => sum + ended, 0)).toBe(1);
  expect(minutes[54]).toMatchObject({ ended: 0 });
  expect(minutes[55]).toMatchObject({ ended: 1 });
});

test("what ended more than an hour ago, was stopped, or has clocks of its own, breaks nothing", () => {
  const stopped: Job = { ...job("Finished", 500, 1), finishedReason: "Cancelled" };
  const { minutes } = lastHour(
    [job("Finished", 200, 90), job("Queued", -5, -5), job("Running", 500, 400), stopped],
    now,
    10,
  );
  expect(minutes[0]).toEqual({ waiting: 0, running: 1, ended: 0 });
});

test("a list that was cut off within the hour says since when it counts, one that reaches further back does not", () => {
  const recent = [job("Finished", 30, 20), job("Finished", 12, 10), job("Queued", 50, 50)];
  expect(lastHour(recent, now, 2).since).toBe(now - 20 * minute);
  expect(lastHour(recent, now, 3).since).toBeUndefined();
  expect(lastHour([...recent, job("Finished", 99, 90)], now, 3).since).toBeUndefined();
});
