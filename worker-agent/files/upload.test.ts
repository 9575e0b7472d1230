// Uploads against a server that misbehaves.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { own } from "../../wire/ids.ts";
import type { ProgressNote } from "../job/phases.ts";
import { askFirstBytes, progressEveryMs, readChunkBytes } from "../limits.ts";
import { Tally } from "./tally.ts";
import { BlobUpload } from "./upload.ts";

async function uploadsTo(listener: RequestListener, silenceMs?: number): Promise<BlobUpload> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const ask = async () => ({ is: "whole" }) as const;
  const silence = silenceMs === undefined ? {} : { silenceMs };
  return new BlobUpload({ api: `http://127.0.0.1:${address.port}`, random: () => 0, ask, ...silence });
}

const bytes = Buffer.alloc(askFirstBytes + 1);
const blob = { hash: own.sha256("a".repeat(64)), size: bytes.length, path: bytes, what: "the output" };

test("a connection that breaks in any step of an upload is tried again at once", async () => {
  const asked: string[] = [];
  const uploads = await uploadsTo((request, response) => {
    const step = `${request.method} ${request.url?.endsWith("/exists") ? "exists" : "blob"}`;
    const time = asked.filter((earlier) => earlier === step).length;
    asked.push(step);
    if (time === 0) request.socket.destroy();
    // The head of an answer, and not all of its body.
    else if (time === 1) response.writeHead(200, { "content-length": "100" }).write("{", () => response.destroy());
    else if (step === "GET exists") response.writeHead(404).end('{"exists":false}');
    else request.resume().on("end", () => response.end());
  });
  await uploads.upload(blob, AbortSignal.timeout(10_000));
  // A blob whose answer says 200 is stored, however the answer's body ends.
  expect(asked).toEqual(["GET exists", "GET exists", "GET exists", "PUT blob", "GET exists", "PUT blob"]);
});

test("a refusal is not tried again, and its sentence is told", async () => {
  let asked = 0;
  const uploads = await uploadsTo((request, response) => {
    asked += 1;
    request.resume();
    response.writeHead(request.method === "GET" ? 404 : 413, { "content-type": "application/json" });
    response.end('{"error":"This blob is too large."}');
  });
  await expect(uploads.upload(blob, AbortSignal.timeout(10_000))).rejects.toThrow(
    /^Uploading the output \(16385 bytes\) failed: .*413: This blob is too large\.$/,
  );
  expect(asked).toBe(2);
});

test("a server that falls silent, its connection open, is given up and tried again", async () => {
  const asked: string[] = [];
  const uploads = await uploadsTo((request, response) => {
    asked.push(`${request.method}`);
    // The first of each kind is never answered.
    if (asked.filter((method) => method === request.method).length === 1) return;
    if (request.method === "GET") response.writeHead(404).end("{}");
    else request.resume().on("end", () => response.end());
  }, 200);
  await uploads.upload(blob, AbortSignal.timeout(10_000));
  expect(asked).toEqual(["GET", "GET", "PUT", "GET", "PUT"]);
});

test("a transfer tells how far it is, never less than before, and what is tried again", async () => {
  const notes: ProgressNote[] = [];
  let tries = 0;
  const large = { ...blob, size: 3 * readChunkBytes, path: Buffer.alloc(0) };
  const path = join(await mkdtemp(join(tmpdir(), "longshore-upload-")), "file");
  await writeFile(path, Buffer.alloc(large.size));
  onTestFinished(() => rm(dirname(path), { recursive: true }));
  const uploads = await uploadsTo((request, response) => {
    if (request.method === "GET") return void response.writeHead(404).end("{}");
    tries += 1;
    // Broken in the middle, then in trouble, then well.
    if (tries === 1) request.once("data", () => request.socket.destroy());
    else request.resume().on("end", () => response.writeHead(tries === 2 ? 503 : 200).end());
  });
  let time = 0;
  const now = () => (time += progressEveryMs);
  const tally = new Tally({ total: large.size, tell: (note) => notes.push(note), now });
  await uploads.upload({ ...large, path }, AbortSignal.timeout(20_000), tally.watch());
  const done = notes.map(({ amount }) => amount?.done ?? -1);
  expect(done).toEqual([...done].sort((a, b) => a - b));
  expect(done.at(-1)).toBe(large.size);
  expect(notes.filter(({ message }) => message !== undefined).map(({ message }) => message)).toEqual([
    expect.stringMatching(/^Tried again: /),
    "Tried again: the store answered 503: Service Unavailable",
  ]);
});
