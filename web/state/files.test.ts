import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import { createUploader, type SendBlob } from "../frame/uploads.ts";
import { createFiles, type Values } from "./files.ts";
import { createTransfers } from "./transfers.ts";

const unasked: typeof fetch = () => Promise.reject(new Error("nothing is asked"));

function started(send: SendBlob) {
  const pipes = signal<Values>({});
  const texts = signal<Values>({});
  const api = signal("http://api");
  const transfers = createTransfers(createUploader({ fetch: unasked, send }));
  const { files, retry } = createFiles({ pipes, texts, api }, transfers);
  const settled = () => expect.poll(() => files.value.kind).not.toBe("pending");
  return { pipes, texts, api, transfers, files, retry, settled };
}
const stored: SendBlob = async () => ({ status: 200, text: "" });

test("pipes become inputs and the address's texts config files; pipes that set the job are no files", async () => {
  const { pipes, texts, files, settled } = started(stored);
  texts.value = { "main.py": "print()" };
  pipes.value = { "/x/a": 1, b: null, job: {}, "metaframe/job": {}, c: { type: "url", value: "blob:x" } };
  await settled();
  expect(files.value).toMatchObject({
    kind: "ready",
    inputs: { "x/a": { type: "utf8", value: "1" } },
    configFiles: { "main.py": { type: "utf8", value: "print()" } },
    faults: [{ where: "c" }],
  });
});

test("a failed upload is told and tried again with the next change", async () => {
  let isUp = false;
  const { pipes, files, settled } = started(async () => ({ status: isUp ? 200 : 503, text: "" }));
  pipes.value = { a: "x".repeat(300) };
  await settled();
  expect(files.value).toMatchObject({ kind: "failed", error: expect.stringContaining("503") });
  isUp = true;
  pipes.value = { ...pipes.value, b: 1 };
  await settled();
  expect(files.value).toMatchObject({ kind: "ready", inputs: { a: { type: "url" }, b: {} } });
});

test("a value that was overtaken is never shown", async () => {
  const seen: unknown[] = [];
  const { pipes, files, settled } = started(stored);
  files.subscribe((value) => seen.push(value.kind === "ready" ? value.inputs.a?.value : value.kind));
  pipes.value = { a: 1 };
  pipes.value = { a: 2 };
  pipes.value = { a: 3 };
  await settled();
  expect(seen.filter((value) => value !== "pending")).toEqual(["3"]);
});

test("how far an upload is can be seen, and who stops it is told so; it goes on when tried again", async () => {
  let answer: (() => void) | undefined;
  const { pipes, transfers, files, retry, settled } = started((_url, body, _headers, stopped, sent) => {
    sent(body.size / 2);
    return new Promise((resolve, reject) => {
      answer = () => resolve({ status: 200, text: "" });
      stopped.addEventListener("abort", () => reject(stopped.reason));
    });
  });
  pipes.value = { "big.bin": new Uint8Array(1000) };
  await expect.poll(() => transfers.active.value).toMatchObject([{ step: "sending", done: 500, total: 1000 }]);
  transfers.stopAll();
  await settled();
  expect(files.value).toMatchObject({ kind: "failed", error: expect.stringContaining("big.bin was cancelled") });
  expect(transfers.active.value).toEqual([]);
  retry();
  await expect.poll(() => transfers.active.value).toHaveLength(1);
  answer?.();
  await settled();
  expect(files.value).toMatchObject({ kind: "ready", inputs: { "big.bin": { type: "url" } } });
});

test("a file that can't be read any more is named, and the others go on", async () => {
  const { pipes, files, settled } = started(stored);
  const gone = new File([new Uint8Array(1000)], "gone.bin");
  gone.slice = () => gone;
  gone.arrayBuffer = () => Promise.reject(new DOMException("The file is not there.", "NotReadableError"));
  pipes.value = { gone, b: 1 };
  await settled();
  expect(files.value).toMatchObject({ kind: "ready", inputs: { b: {} }, faults: [{ where: "gone" }] });
});

test("a large value goes on its way while others change, and is stopped when it is replaced", async () => {
  const sent: { readonly size: number; readonly stopped: AbortSignal; readonly answer: () => void }[] = [];
  const { pipes, files, settled } = started((_url, body, _headers, stopped) => {
    return new Promise((resolve, reject) => {
      sent.push({ size: body.size, stopped, answer: () => resolve({ status: 200, text: "" }) });
      stopped.addEventListener("abort", () => reject(stopped.reason));
    });
  });
  const big = new Uint8Array(1000);
  for (const slider of [1, 2, 3]) {
    pipes.value = { big, slider };
    await expect.poll(() => sent.length).toBe(1);
  }
  expect(sent[0]?.stopped.aborted).toBe(false);
  sent[0]?.answer();
  await settled();
  expect(files.value).toMatchObject({ inputs: { big: { type: "url" }, slider: { value: "3" } } });
  pipes.value = { big: new Uint8Array(2000) };
  await expect.poll(() => sent.length).toBe(2);
  pipes.value = { big: new Uint8Array(3000) };
  await expect
    .poll(() => sent.slice(1).map(({ size, stopped }) => [size, stopped.aborted]))
    .toEqual([
      [2000, true],
      [3000, false],
    ]);
  sent[2]?.answer();
  await settled();
  expect(files.value).toMatchObject({ kind: "ready", inputs: { big: { type: "url" } } });
});
