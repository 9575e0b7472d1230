import { expect, test } from "vitest";
import { PullProgress } from "./pullProgress.ts";

type Said = readonly [id: string, status: string, current?: number, total?: number];

function seen(...events: readonly Said[]) {
  const progress = new PullProgress();
  return events.map(([id, status, current, total]) => {
    const detail = current === undefined || total === undefined ? {} : { progressDetail: { current, total } };
    const line = progress.add({ id, status, ...detail });
    const note = progress.note();
    return [line, note && `${note.message} ${note.amount?.done}/${note.amount?.total}`];
  });
}

test("a pull is bytes that come, and when all layers are here bytes that are unpacked", () => {
  expect(
    seen(
      ["a", "Pulling fs layer"],
      ["b", "Pulling fs layer"],
      ["c", "Already exists"],
      ["a", "Downloading", 50, 100],
      ["b", "Downloading", 10, 300],
      ["a", "Download complete"],
      ["a", "Extracting", 80, 100],
      ["b", "Downloading", 200, 300],
      ["a", "Pull complete"],
      ["b", "Verifying Checksum"],
      ["b", "Download complete"],
      ["b", "Extracting", 150, 300],
      ["b", "Pull complete"],
    ),
  ).toEqual([
    [undefined, undefined],
    [undefined, undefined],
    ["c: Already exists", undefined],
    [undefined, "Downloading 50/100"],
    [undefined, "Downloading 60/400"],
    [undefined, "Downloading 110/400"],
    [undefined, "Downloading 110/400"],
    [undefined, "Downloading 300/400"],
    ["a: Pull complete", "Downloading 300/400"],
    [undefined, "Downloading 300/400"],
    [undefined, "Unpacking 100/400"],
    [undefined, "Unpacking 250/400"],
    ["b: Pull complete", "Unpacking 400/400"],
  ]);
});

test("a quick download whose bytes nobody counted is known by its unpacking", () => {
  expect(seen(["a", "Pulling fs layer"], ["a", "Download complete"], ["a", "Extracting", 30, 90]).at(-1)).toEqual([
    undefined,
    "Unpacking 30/90",
  ]);
});
