import { expect, test } from "vitest";
import { LogStore } from "../../state/logStore.ts";
import { BuildSteps } from "./steps.ts";

function storeOf(...lines: readonly string[]): LogStore {
  const store = new LogStore();
  for (const text of lines) store.push({ text, time: 1000 * store.length, kind: "out", isBuild: true });
  return store;
}

test("a build's steps have their time, what they printed, and whether they were done before", () => {
  const store = storeOf("cloning", "Step 1/3: FROM x", "(done before)", "Step 2/3: RUN make", "one", "(done before)");
  const steps = new BuildSteps(store);
  expect(steps.update()).toMatchObject([
    { number: 1, total: 3, text: "FROM x", from: 1000, to: 3000, isCached: true, lines: [] },
    { number: 2, text: "RUN make", from: 3000, to: undefined, isCached: false, lines: [4, 5] },
  ]);
  store.push({ text: "Step 3/3: CMD run", time: 9000, kind: "out", isBuild: true });
  store.push({ text: "Step 1/1: printed by the job", time: 9500, kind: "out", isBuild: false });
  expect(steps.update().map(({ to }) => to)).toEqual([3000, 9000, undefined]);
});

test("what a program prints is no title out of its place, and a second attempt's build takes the first one's place", () => {
  const store = storeOf("Step 1/2: FROM x", "Step 2/9: made up", "Step 7/2: made up", "Step 2/2: RUN y");
  const steps = new BuildSteps(store);
  expect(steps.update().map(({ text, lines }) => [text, lines.length])).toEqual([
    ["FROM x", 2],
    ["RUN y", 0],
  ]);
  for (const text of ["Step 1/2: FROM x", "(done before)"]) store.push({ text, time: 0, kind: "out", isBuild: true });
  expect(steps.update()).toMatchObject([{ number: 1, isCached: true }]);
  store.clear();
  expect(steps.update()).toEqual([]);
});
