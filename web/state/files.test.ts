import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import { createUploader } from "../frame/uploads.ts";
import { createFiles, type Values } from "./files.ts";

function started(fetcher: typeof fetch) {
  const pipes = signal<Values>({});
  const texts = signal<Values>({});
  const api = signal("http://api");
  const { files, retry } = createFiles({ pipes, texts, api }, createUploader(fetcher));
  const settled = () => expect.poll(() => files.value.kind).not.toBe("pending");
  return { pipes, texts, api, files, retry, settled };
}
const stored: typeof fetch = async () => new Response();

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
  const { pipes, files, settled } = started(async () => new Response("", { status: isUp ? 200 : 503 }));
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
