import { expect, test } from "vitest";
import { own } from "../../wire/ids.ts";
import { type Capacity, Ledger, type Share } from "./capacity.ts";

const one = own.queueHash("1".repeat(64));
const two = own.queueHash("2".repeat(64));
const capacity: Capacity = {
  slots: 4,
  cpus: 8,
  memoryBytes: 4096,
  gpus: ["0", "1", "2"],
  tags: ["x"],
  maxDurationMs: 1000,
};

function taken(share: Share | string): Share {
  if (typeof share === "string") throw new Error(share);
  return share;
}

test("an idle agent offers everything to every queue", () => {
  const ledger = new Ledger(capacity);
  expect(ledger.offer(one)).toEqual({
    slots: 4,
    cpus: 8,
    memoryBytes: 4096,
    gpus: 3,
    tags: ["x"],
    maxDurationMs: 1000,
  });
  expect(ledger.offer(two)).toEqual(ledger.offer(one));
});

test("what one queue uses is not offered to another, and still is to itself", () => {
  const ledger = new Ledger(capacity);
  const share = taken(ledger.take(one, { image: "a", requirements: { cpus: 2, gpus: 2, memory: "1k" } }));
  expect(ledger.offer(one).slots).toBe(4);
  expect(ledger.offer(two)).toMatchObject({ slots: 3, cpus: 6, memoryBytes: 3072, gpus: 1 });
  ledger.release(share);
  expect(ledger.offer(two).slots).toBe(4);
});

test("a job that names nothing takes one slot and that slot's part of the memory", () => {
  const ledger = new Ledger(capacity);
  taken(ledger.take(one, { image: "a" }));
  expect(ledger.offer(two)).toMatchObject({ slots: 3, cpus: 8, memoryBytes: 3072, gpus: 3 });
});

test("jobs get different devices, and as many as they ask for", () => {
  const ledger = new Ledger(capacity);
  const first = taken(ledger.take(one, { image: "a", requirements: { gpus: 2 } }));
  const second = taken(ledger.take(two, { image: "b", requirements: { gpus: 1 } }));
  expect(first.gpus).toEqual(["0", "1"]);
  expect(second.gpus).toEqual(["2"]);
  expect(ledger.take(two, { image: "c", requirements: { gpus: 1 } })).toMatch(/GPU/);
});

test("what does not fit any more is declined with the reason", () => {
  const ledger = new Ledger(capacity);
  taken(ledger.take(one, { image: "a", requirements: { cpus: 7, memory: "3k" } }));
  expect(ledger.take(two, { image: "b", requirements: { cpus: 2 } })).toMatch(/CPU/);
  expect(ledger.take(two, { image: "b", requirements: { memory: "2k" } })).toMatch(/memory/);
  for (let slot = 1; slot < 4; slot += 1) taken(ledger.take(one, { image: "a" }));
  expect(ledger.take(two, { image: "b" })).toMatch(/slots/);
});

test("a closed ledger offers only what is in use and takes nothing", () => {
  const ledger = new Ledger(capacity);
  const share = taken(ledger.take(one, { image: "a" }));
  ledger.shut("paused", "It is paused.");
  expect(ledger.offer(one).slots).toBe(1);
  expect(ledger.offer(two).slots).toBe(0);
  expect(ledger.take(one, { image: "a" })).toMatch(/no more/);
  ledger.release(share);
  expect(ledger.offer(one).slots).toBe(0);
});

test("an offer says why nothing is taken, and is whole again when every reason is gone", () => {
  const ledger = new Ledger(capacity);
  ledger.shut("paused", "It is paused.");
  ledger.shut("engine", "Docker is away.");
  expect(ledger.offer(one)).toMatchObject({ slots: 0, note: "It is paused." });
  ledger.open("paused");
  expect(ledger.offer(one)).toMatchObject({ slots: 0, note: "Docker is away." });
  ledger.open("engine");
  expect(ledger.offer(one)).toMatchObject({ slots: 4 });
  expect(ledger.offer(one).note).toBeUndefined();
});

test("no more jobs are taken than were allowed", () => {
  const ledger = new Ledger(capacity);
  ledger.allow(2);
  expect(ledger.offer(one).slots).toBe(2);
  const first = taken(ledger.take(one, { image: "a" }));
  expect(ledger.offer(one).slots).toBe(2);
  expect(ledger.offer(two).slots).toBe(1);
  taken(ledger.take(two, { image: "b" }));
  expect(ledger.exhausted).toBe(true);
  expect(ledger.offer(one).slots).toBe(1);
  ledger.release(first);
  expect(ledger.offer(one)).toMatchObject({ slots: 0, note: expect.stringMatching(/as many jobs/) });
  expect(ledger.take(one, { image: "a" })).toMatch(/as many jobs/);
});
