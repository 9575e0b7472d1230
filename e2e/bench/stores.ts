// Blobs in and out: a server with a folder beside the plain disk, and a Worker with a bucket beside the bucket itself.

import { createHash } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { UploadAnswer, type UploadRequest } from "../../wire/agentMessages.ts";
import { checksumHeader, paths } from "../../wire/http.ts";
import { partUrlsMax, syncEveryMsMin } from "../../wire/limits.ts";
import { QueueApi } from "../clients/queueApi.ts";
import { TestAgent } from "../clients/testAgent.ts";
import { type CloudflareShell, startCloudflareShell } from "../shells/cloudflareShell.ts";
import { startNodeShell } from "../shells/nodeShell.ts";
import { alternate, megabytesPerSecond } from "./alternate.ts";
import { type Content, newContent, receive, send } from "./content.ts";
import { memoryOf, printHead, printRow } from "./table.ts";

const GiB = 1024 ** 3;
/** What one comparison may take, and how often it is made at most. */
const budget = { rounds: 5, budgetMs: 60_000 };
const small = { count: 1_000, bytes: 1_000, atOnce: 16 };
const partsAtOnce = 3;

export async function benchStores({ large }: { readonly large: boolean }): Promise<void> {
  await folder();
  await bucket(large);
}

async function folder(): Promise<void> {
  const shell = await startNodeShell();
  try {
    printHead("A server with a folder");
    const urlOf = (content: Content) => new URL(paths.blob(content.key), shell.origin);
    const plain = join(shell.dataDir, "plain");
    let last = newContent(GiB);
    const rates = await alternate(
      {
        put: async () => {
          const before = last;
          last = newContent(GiB);
          const rate = await megabytesPerSecond(GiB, () => put(urlOf(last), last));
          // The disk need not hold all rounds.
          await rm(blobPath(shell.dataDir, before), { force: true });
          return rate;
        },
        get: () => megabytesPerSecond(GiB, () => receive(urlOf(last))),
        write: () => megabytesPerSecond(GiB, () => writeAndHash(plain, last)),
        read: () => megabytesPerSecond(GiB, () => readPlain(plain)),
        hash: () => megabytesPerSecond(GiB, async () => hashOnly(last)),
      },
      budget,
    );
    const { put: in_, get, write, read, hash } = rates;
    const slower = Math.min(write, hash);
    printRow({
      what: "PUT 1 GiB, checked",
      value: rate(in_),
      floor: `${rate(write)} write + hash, ${rate(hash)} hash`,
      share: in_ / slower,
      peer: "151 MB/s (100 MiB)",
    });
    printRow({
      what: "GET 1 GiB",
      value: rate(get),
      floor: `${rate(read)} read`,
      share: get / read,
      peer: "383 MB/s (100 MiB)",
    });
    printRow({
      what: `PUT ${small.count} of ${small.bytes} bytes, ${small.atOnce} at once`,
      value: await smallOnes(shell.origin),
    });
    const { now, peak } = memoryOf(shell.program.pid);
    printRow({ what: "memory of the server", value: `${peak} at most, ${now} now`, peer: "275 MB at most" });
  } finally {
    await shell.stop();
  }
}

async function bucket(large: boolean): Promise<void> {
  const shell = await startCloudflareShell();
  try {
    printHead("A Worker with a bucket (workerd serve, s3rver in this process)");
    const urlOf = (content: Content) => new URL(paths.blob(content.key), shell.origin);
    let last = newContent(GiB);
    const { put: in_, get } = await alternate(
      {
        put: () => {
          last = newContent(GiB);
          return megabytesPerSecond(GiB, () => put(urlOf(last), last));
        },
        get: () => megabytesPerSecond(GiB, () => receive(urlOf(last))),
      },
      { ...budget, rounds: 2 },
    );
    printRow({ what: "PUT 1 GiB by redirect", value: rate(in_), peer: "83 MB/s (100 MiB)" });
    printRow({ what: "GET 1 GiB by redirect", value: rate(get), peer: "225 MB/s (100 MiB)" });
    const carried = newContent(94_000_000);
    const through = await megabytesPerSecond(carried.size, () => send(urlOf(carried), carried, [0, carried.size]));
    printRow({ what: "PUT 94 MB through the Worker", value: rate(through) });
    const inParts = newContent(large ? 10 * GiB : GiB);
    const parts = await megabytesPerSecond(inParts.size, () => uploadInParts(shell, inParts));
    printRow({ what: `${inParts.size / GiB} GiB in parts, ${partsAtOnce} at once`, value: rate(parts) });
    const { now, peak } = memoryOf(shell.pid);
    printRow({ what: "memory of workerd", value: `${peak} at most, ${now} now` });
  } finally {
    await shell.stop();
  }
}

function put(url: URL, content: Content): Promise<unknown> {
  return send(url, content, [0, content.size], { [checksumHeader]: content.checksum });
}

async function smallOnes(origin: string): Promise<string> {
  const contents = Array.from({ length: small.count }, () => newContent(small.bytes));
  const begun = performance.now();
  const left = contents.values();
  const worker = async () => {
    for (const { key, pieces, size } of left) {
      const body = Buffer.concat([...pieces(0, size)]);
      const response = await fetch(new URL(paths.blob(key), origin), { method: "PUT", body });
      if (!response.ok) throw new Error(`PUT answered ${response.status}.`);
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: small.atOnce }, worker));
  return `${Math.round(performance.now() - begun)} ms`;
}

/** What an agent does with a large output. */
async function uploadInParts({ origin }: CloudflareShell, content: Content): Promise<void> {
  const agent = await TestAgent.connect(new QueueApi({ origin }));
  const lease = setInterval(() => void agent.sync(), syncEveryMsMin);
  const ask = (step: UploadRequest["step"]) => {
    const request = crypto.randomUUID();
    agent.socket.send({ type: "upload", request, hash: content.key, size: content.size, step });
    const answerOf = (frame: unknown) => {
      const parsed = v.safeParse(UploadAnswer, frame);
      return parsed.success && parsed.output.request === request ? parsed.output.answer : undefined;
    };
    return agent.socket.frames.find(`the answer to ${step.do}`, answerOf, { limitMs: 600_000 });
  };
  const begun = await ask({ do: "begin" });
  if (begun.is !== "begun") throw new Error(`The upload was not begun: ${JSON.stringify(begun)}`);
  const { upload, partBytes } = begun;
  const count = Math.ceil(content.size / partBytes);
  const etags: string[] = [];
  for (let first = 1; first <= count; first += partUrlsMax) {
    const signed = await ask({ do: "sign", upload, first, count: Math.min(partUrlsMax, count - first + 1) });
    const urls = signed.is === "signed" ? signed.urls.entries() : [].entries();
    const sender = async () => {
      for (const [index, url] of urls) {
        const start = (first + index - 1) * partBytes;
        const response = await send(new URL(url), content, [start, Math.min(start + partBytes, content.size)]);
        etags[first + index - 1] = response.headers.etag ?? "";
      }
    };
    await Promise.all(Array.from({ length: partsAtOnce }, sender));
  }
  const ended = await ask({ do: "complete", upload, etags });
  if (ended.is !== "stored") throw new Error(`The upload was not completed: ${JSON.stringify(ended)}`);
  clearInterval(lease);
  await agent.socket.close();
}

async function writeAndHash(path: string, { pieces, size }: Content): Promise<void> {
  const file = await open(path, "w");
  const hash = createHash("sha256");
  for (const part of pieces(0, size)) {
    const written = file.write(part);
    hash.update(part);
    await written;
  }
  await file.datasync();
  await file.close();
}

async function readPlain(path: string): Promise<void> {
  const file = await open(path, "r");
  const buffer = Buffer.alloc(1024 * 1024);
  while ((await file.read(buffer)).bytesRead > 0);
  await file.close();
}

function hashOnly({ pieces, size }: Content): void {
  const hash = createHash("sha256");
  for (const part of pieces(0, size)) hash.update(part);
  hash.digest();
}

/** Where the server keeps a blob. */
function blobPath(dataDir: string, { key }: Content): string {
  return join(dataDir, "blobs/f", createHash("sha256").update(key).digest("hex").slice(0, 2), key);
}

function rate(megabytes: number): string {
  return `${Math.round(megabytes)} MB/s`;
}
