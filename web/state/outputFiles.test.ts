import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import { checkDefinition } from "../../wire/definition.ts";
import type { JobResult } from "../../wire/result.ts";
import { resolveQueue } from "../url/target.ts";
import { headOf } from "./outputBytes.ts";
import { followOutputs, type ShownRun } from "./outputFiles.ts";

const check = checkDefinition({ image: "a" });
const state = resolveQueue("q", "https://api.example");
if (!check.ok || state.kind !== "target") throw new Error("unreachable");
const { target } = state;
const { id } = check.value;
const hash = "e".repeat(64);

const run = (name: string, outputs: JobResult["outputs"]): ShownRun => ({
  run: name,
  id,
  target,
  finished: { type: "Finished", reason: "Success", time: 5, result: { logs: [], isTimedOut: false, outputs } },
});
const text = (value: string) => ({ type: "utf8", value }) as const;

test("each file of a run is compared with the run that was in view before", () => {
  const shown = signal<ShownRun | undefined>(run("1", { a: text("1"), b: text("1"), c: text("1") }));
  const { files, gone } = followOutputs(shown);
  expect(files.value.map(({ change }) => change)).toEqual([undefined, undefined, undefined]);
  shown.value = undefined;
  expect(files.value).toEqual([]);
  shown.value = run("2", { a: text("1"), b: text("2"), d: text("1") });
  expect(files.value.map(({ name, change }) => [name, change])).toEqual([
    ["a", "same"],
    ["b", "changed"],
    ["d", "new"],
  ]);
  expect(files.value[1]?.before?.content).toEqual(new TextEncoder().encode("1"));
  expect(gone.value).toEqual(["c"]);
});

test("a stored file is named by its hash and by the place from which it is downloaded under its own name", () => {
  const { files } = followOutputs(signal(run("1", { "a b.bin": { type: "url", value: `http://agent:1/f/${hash}` } })));
  expect(files.value[0]).toMatchObject({
    hash,
    content: `https://api.example/f/${hash}`,
    url: `https://api.example/q/q/j/${id}/outputs/a%20b.bin`,
  });
});

const signalOfTest = new AbortController().signal;
const served = (body: string, pieces = 1) => {
  const seen: (string | null)[] = [];
  const fetcher: typeof fetch = async (_url, init) => {
    seen.push(new Headers(init?.headers).get("range"));
    const bytes = new TextEncoder().encode(body);
    const size = Math.ceil(bytes.length / pieces);
    let at = 0;
    const stream = new ReadableStream({
      pull(controller) {
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.slice(at, at + size));
        at += size;
        return undefined;
      },
    });
    return new Response(stream);
  };
  return { fetcher, seen };
};

test.each([
  ["abcdef", 3, 6, "abc", false],
  ["abcdef", 3, 1, "abc", false],
  ["abc", 3, 2, "abc", true],
  ["", 3, 1, "", true],
])("of %j the first %d bytes, sent in %d pieces, are %j (whole: %s)", async (body, max, pieces, head, isWhole) => {
  const { fetcher, seen } = served(body, pieces);
  const got = await headOf({ content: "https://x/f", size: undefined }, max, fetcher, signalOfTest);
  expect([new TextDecoder().decode(got.bytes), got.isWhole]).toEqual([head, isWhole]);
  expect(seen).toEqual([`bytes=0-${max}`]);
});

test("a file that is known to be small is asked for as a whole, and one that came along is not asked for", async () => {
  const { fetcher, seen } = served("abc");
  await headOf({ content: "https://x/f", size: 3 }, 3, fetcher, signalOfTest);
  expect(seen).toEqual([null]);
  const inline = { content: new Uint8Array([1, 2, 3]), size: 3 };
  expect(await headOf(inline, 2, fetcher, signalOfTest)).toEqual({ bytes: new Uint8Array([1, 2]), isWhole: false });
  expect(seen).toHaveLength(1);
});
