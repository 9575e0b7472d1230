// Bytes on a connection as they are: what no HTTP client would write.

import { connect } from "node:net";
import type { Dice, Known } from "./malformed.ts";
import { within } from "./until.ts";

/**
 * Requests whose framing or head is wrong, by a seed. CONNECT and the target `*` are not among them: workerd answers them
 * itself, with 500, before it would call a Worker (it has no connect() to call, and can make no URL of `*`), and Cloudflare
 * lets neither through to it. Each connection has one, and is then half closed.
 */
export function oddBytes(host: string, dice: Dice, { queue, jobs }: Known): string {
  const path = dice.pick([`/q/${queue}`, `/q/${queue}/j/${dice.pick(jobs)}/stream`, "/f/a", "//", "http://[", ""]);
  const method = dice.pick(["GET", "POST", "PUT", "TRACE", "get", "\u0000"]);
  const length = dice.pick(["-1", "abc", "1e3", "99999999999999999999", "9", "1, 2", "0x10", ""]);
  const header = dice.pick([
    `content-length: ${length}`,
    "content-length: 1\r\ncontent-length: 2",
    "transfer-encoding: chunked\r\ncontent-length: 5",
    "transfer-encoding: identity",
    "transfer-encoding: chunked",
    "expect: 100-continue\r\ncontent-length: 3",
    "expect: nothing",
    "upgrade: websocket\r\nconnection: upgrade",
    "upgrade: h2c\r\nconnection: upgrade",
    "connection: upgrade",
    "no colon",
    `x-long: ${"x".repeat(20_000)}`,
    "range: bytes=0-0\r\nrange: bytes=1-1",
  ]);
  const body = dice.pick([
    "",
    "{",
    '{"definition":',
    "zz\r\n",
    "5\r\nabc",
    "-1\r\n\r\n",
    "\u0000\u0001",
    "ffffffffffffffff\r\n",
  ]);
  return `${method} ${path} ${dice.pick(["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/9", "HTTP/1.0"])}\r\nhost: ${host}\r\n${header}\r\n\r\n${body}`;
}

/** The status of the answer to it, or undefined if the connection was ended without one. */
export function statusOfBytes(origin: string, bytes: string): Promise<number | undefined> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  let text = "";
  const answer = new Promise<number | undefined>((resolve) => {
    const done = () => {
      const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(text) ?? [];
      resolve(status === undefined ? undefined : Number(status));
    };
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      // A 100 is followed by the answer; a stream never ends by itself.
      if (!text.startsWith("HTTP/1.1 100") && text.includes("\r\n")) done();
    });
    // However it was ended: an end without an answer is one.
    socket.on("error", done);
    socket.on("close", done);
    socket.end(bytes, "latin1");
  });
  return within(`an answer to ${JSON.stringify(bytes.slice(0, 300))}`, answer, () => text).finally(() =>
    socket.destroy(),
  );
}
