// Content of any size for the benches, made of one random piece: neither its making nor its hashing is measured.

import { createHash, randomBytes } from "node:crypto";
import { type ClientRequest, type IncomingMessage, request } from "node:http";

const piece = randomBytes(1024 * 1024);

export interface Content {
  readonly key: string;
  readonly checksum: string;
  readonly size: number;
  /** The bytes from `start` to before `end`. */
  pieces(start: number, end: number): Iterable<Buffer>;
}

/** Content that nothing else has. */
export function newContent(size: number): Content {
  const head = randomBytes(16);
  function* pieces(start: number, end: number): Iterable<Buffer> {
    if (start < head.length) yield head.subarray(start, Math.min(end, head.length));
    for (let at = Math.max(start, head.length); at < end; ) {
      const offset = (at - head.length) % piece.length;
      const part = piece.subarray(offset, Math.min(piece.length, offset + end - at));
      yield part;
      at += part.length;
    }
  }
  const hash = createHash("sha256");
  for (const part of pieces(0, size)) hash.update(part);
  const digest = hash.digest();
  return { key: digest.toString("hex"), checksum: digest.toString("base64"), size, pieces };
}

/** Sends a part of the content by PUT, following one redirect before it sends anything. */
export async function send(
  url: URL,
  { pieces }: Content,
  [start, end]: readonly [number, number],
  headers: Readonly<Record<string, string>> = {},
): Promise<IncomingMessage> {
  const response = await exchange(
    url,
    "PUT",
    { ...headers, "content-length": end - start, expect: "100-continue" },
    (to) => writeAll(to, pieces(start, end)),
  );
  response.resume();
  if (response.headers.location !== undefined)
    return send(
      new URL(response.headers.location, url),
      { pieces, key: "", checksum: "", size: 0 },
      [start, end],
      headers,
    );
  if (response.statusCode !== 200) throw new Error(`PUT ${url.pathname} answered ${response.statusCode}.`);
  return response;
}

/** Reads what is there, following one redirect; returns how many bytes came. */
export async function receive(url: URL): Promise<number> {
  const response = await exchange(url, "GET", {}, async (to) => void to.end());
  if (response.headers.location !== undefined) {
    response.resume();
    return receive(new URL(response.headers.location, url));
  }
  let size = 0;
  for await (const chunk of response) if (Buffer.isBuffer(chunk)) size += chunk.length;
  if (response.statusCode !== 200) throw new Error(`GET ${url.pathname} answered ${response.statusCode}.`);
  return size;
}

function exchange(
  url: URL,
  method: string,
  headers: Readonly<Record<string, string | number>>,
  body: (to: ClientRequest) => Promise<void>,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers });
    sent.once("response", (response) => {
      // An answer that came before the body was asked for: there is nothing more to send.
      if (!sent.writableEnded) response.once("close", () => sent.destroy());
      resolve(response);
    });
    sent.on("error", reject);
    if (method === "GET") void body(sent);
    else {
      sent.once("continue", () => void body(sent));
      sent.flushHeaders();
    }
  });
}

async function writeAll(to: ClientRequest, pieces: Iterable<Buffer>): Promise<void> {
  for (const part of pieces) {
    if (!to.write(part)) await new Promise((resolve) => to.once("drain", resolve));
  }
  to.end();
}
