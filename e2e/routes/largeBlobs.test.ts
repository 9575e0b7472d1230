// Uploads that the server carries itself: what is large, comes without a length, or is there already.

import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readlinkSync, statSync, utimesSync } from "node:fs";
import { type ClientRequest, request } from "node:http";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { ErrorBody, paths } from "../../wire/http.ts";
import { json, QueueApi } from "../clients/queueApi.ts";
import { until, within } from "../clients/until.ts";
import { heapEveryMs } from "../limits.ts";
import { startCloudflareShell } from "../shells/cloudflareShell.ts";
import { startNodeShell } from "../shells/nodeShell.ts";
import { onEveryShell, startedShell } from "./everyShell.ts";

const chunk = Uint8Array.from(randomBytes(1_000_000));

/** `megabytes` of content: its key, and the whole of it in pieces. */
function large(megabytes: number) {
  const nonce = Uint8Array.from(randomBytes(16));
  const pieces = [nonce, ...Array.from({ length: megabytes }, () => chunk)];
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return { pieces, key: hash.digest("hex"), length: nonce.length + megabytes * chunk.length };
}

interface Answer {
  readonly status: number;
  readonly error: string | undefined;
  /** Whether the server asked for the body. */
  readonly continued: boolean;
}

function upload(
  origin: string,
  path: string,
  headers: Readonly<Record<string, string | number>>,
  pieces: readonly Uint8Array[],
): Promise<Answer> {
  const { hostname, port } = new URL(origin);
  let continued = false;
  const answer = new Promise<Answer>((resolve, reject) => {
    const sent = request({ host: hostname, port, path, method: "PUT", headers }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => {
        const parsed = v.safeParse(ErrorBody, JSON.parse(body));
        resolve({
          status: response.statusCode ?? 0,
          error: parsed.success ? parsed.output.error : undefined,
          continued,
        });
        sent.destroy();
      });
    });
    sent.on("error", reject);
    sent.on("continue", () => {
      continued = true;
      void send(sent, pieces);
    });
    if ("expect" in headers) sent.flushHeaders();
    else void send(sent, pieces);
  });
  return within(`the answer to the upload to ${path}`, answer, () => "nothing", 30_000);
}

async function send(to: ClientRequest, pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces) {
    if (!to.write(piece)) await new Promise((resolve) => to.once("drain", resolve));
  }
  to.end();
}

/** How often a process has a file of that name open. */
function openFiles(pid: number, name: string): number {
  const files = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      // Closed since it was listed.
      return "";
    }
  });
  return files.filter((path) => path.endsWith(name)).length;
}

async function hashOf(response: Response): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of response.body ?? []) hash.update(piece);
  return hash.digest("hex");
}

onEveryShell((shell) => {
  test("94 MB without a checksum are taken, hashed, and come back", async () => {
    const { pieces, key, length } = large(94);
    const path = paths.blob(key);
    expect(await upload(shell().origin, path, { "content-length": length }, pieces)).toMatchObject({ status: 200 });
    expect(await hashOf(await new QueueApi(shell()).request(path))).toBe(key);
  });

  test("20 MB that are not what their key says are refused", async () => {
    const { key, length } = large(20);
    const other = large(20);
    const answer = await upload(shell().origin, paths.blob(key), { "content-length": length }, other.pieces);
    expect(answer).toMatchObject({ status: 400, error: expect.stringContaining("SHA-256") });
    expect((await new QueueApi(shell()).request(paths.blob(key))).status).toBe(404);
  });

  test("a small upload needs no length", async () => {
    const { pieces, key } = large(1);
    const answer = await upload(shell().origin, paths.blob(key), { "transfer-encoding": "chunked" }, pieces);
    expect(answer).toMatchObject({ status: 200 });
  });

  test("an upload of more than 5 GiB is refused before it is sent", async () => {
    const { key } = large(1);
    const answer = await upload(shell().origin, paths.blob(key), { "content-length": 5 * 1024 ** 3 + 1 }, []);
    expect(answer).toMatchObject({ status: 413, error: expect.stringContaining("5368709120") });
  });

  test("what is there can be uploaded again, but not as something else", async () => {
    const { pieces, key, length } = large(1);
    for (let i = 0; i < 2; i++) {
      const answer = await upload(shell().origin, paths.blob(key), { "content-length": length }, pieces);
      expect(answer).toMatchObject({ status: 200 });
    }
    const other = large(1).pieces;
    expect(await upload(shell().origin, paths.blob(key), { "content-length": length }, other)).toMatchObject({
      status: 400,
    });
    expect(await hashOf(await new QueueApi(shell()).request(paths.blob(key)))).toBe(key);
  });
});

describe("the Node shell", () => {
  const shell = startedShell(startNodeShell);

  test("one who waits to be asked for what is there already is not", async () => {
    const { pieces, key, length } = large(1);
    const headers = { "content-length": length, expect: "100-continue" };
    const path = paths.blob(key);
    expect(await upload(shell().origin, path, headers, pieces)).toMatchObject({ status: 200, continued: true });
    expect(await upload(shell().origin, path, headers, pieces)).toMatchObject({ status: 200, continued: false });
  });

  test("a large blob is read in parts, and who leaves in the middle leaves no file open", async () => {
    const { pieces, key, length } = large(20);
    const path = paths.blob(key);
    expect(await upload(shell().origin, path, { "content-length": length }, pieces)).toMatchObject({ status: 200 });
    const api = new QueueApi(shell());
    const whole = Buffer.concat(pieces);
    const ends = ["0-0", "300000-17000123", `${length - 700_000}-`, "-800000"];
    for (const range of ends) {
      const [start = "", end = ""] = range.split("-");
      const answer = await api.request(path, { headers: { range: `bytes=${range}` } });
      expect(answer.status).toBe(206);
      const part =
        start === ""
          ? whole.subarray(-Number(end))
          : whole.subarray(Number(start), end === "" ? length : Number(end) + 1);
      expect(part.equals(Buffer.from(await answer.arrayBuffer()))).toBe(true);
    }
    const leaving = new AbortController();
    const { body } = await api.request(path, { signal: leaving.signal });
    await body?.getReader().read();
    expect(openFiles(shell().program.pid, key)).toBe(1);
    leaving.abort();
    await until(
      "the file is closed",
      () => openFiles(shell().program.pid, key),
      (open) => open === 0,
    );
  });

  test("a blob that a result could not rely on any more is taken again", async () => {
    const api = new QueueApi(shell());
    const { pieces, key, length } = large(1);
    const headers = { "content-length": length, expect: "100-continue" };
    await upload(shell().origin, paths.blob(key), headers, pieces);
    const folder = join(shell().dataDir, "blobs/f");
    const name = readdirSync(folder, { recursive: true, encoding: "utf8" }).find((path) => path.endsWith(key)) ?? "";
    const fiveWeeksAgo = new Date(Date.now() - 35 * 24 * 3_600_000);
    utimesSync(join(folder, name), fiveWeeksAgo, fiveWeeksAgo);
    expect((await api.request(`${paths.blob(key)}/exists`)).status).toBe(404);
    expect((await api.request(paths.blob(key))).status).toBe(200);
    expect(await upload(shell().origin, paths.blob(key), headers, pieces)).toMatchObject({
      status: 200,
      continued: true,
    });
    expect(await json(await api.request(`${paths.blob(key)}/exists`))).toEqual({ exists: true });
    expect(statSync(join(folder, name)).mtimeMs).toBeGreaterThan(fiveWeeksAgo.getTime() + 1_000);
  });
});

describe("the Cloudflare shell", () => {
  const shell = startedShell(() => startCloudflareShell({ inspect: true }));

  test("more than a little without a length is refused, with what to do", async () => {
    const { pieces, key } = large(6);
    const answer = await upload(shell().origin, paths.blob(key), { "transfer-encoding": "chunked" }, pieces);
    expect(answer).toMatchObject({ status: 411, error: expect.stringContaining("Content-Length") });
  });

  test("more than a Worker may take is refused, with what to do", async () => {
    const { key } = large(1);
    const answer = await upload(shell().origin, paths.blob(key), { "content-length": 96_000_000 }, []);
    expect(answer).toMatchObject({ status: 413, error: expect.stringContaining("x-amz-checksum-sha256") });
  });

  test("a large upload is held in memory at no time", async () => {
    const heap = await shell().heap();
    const { pieces, key, length } = large(94);
    let most = 0;
    let done = false;
    const uploading = upload(shell().origin, paths.blob(key), { "content-length": length }, pieces).finally(() => {
      done = true;
    });
    while (!done) {
      most = Math.max(most, await heap.bytes());
      // Collecting garbage takes time of its own.
      await new Promise((resolve) => setTimeout(resolve, heapEveryMs));
    }
    heap.close();
    expect(await uploading).toMatchObject({ status: 200 });
    expect(most).toBeLessThan(32 * 1024 * 1024);
  });
});
