import { createServer } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AddressRefused } from "../outbound/deliver.ts";
import { nodePost } from "./post.ts";

const seen: { url: string | undefined; host: string | undefined; body: string }[] = [];
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on("end", () => {
    seen.push({ url: request.url, host: request.headers.host, body });
    if (request.url === "/silent") return;
    response.writeHead(request.url === "/moved" ? 307 : 200, { location: "/next" });
    response.end("x".repeat(100_000));
  });
});
let port = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  port = address.port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const request = (ms = 5_000) => ({
  headers: { "content-type": "application/json" },
  body: '{"ä":1}',
  signal: AbortSignal.timeout(ms),
});
const loopback = { allowRanges: ["127.0.0.0/8"] };

test("a post goes to an allowed range, and its answer's status and location come back", async () => {
  const post = nodePost(loopback);
  expect(await post(new URL(`http://127.0.0.1:${port}/a`), request())).toEqual({ status: 200, location: "/next" });
  expect(await post(new URL(`http://localhost:${port}/moved`), request())).toEqual({ status: 307, location: "/next" });
  expect(seen.at(-1)).toEqual({ url: "/moved", host: `localhost:${port}`, body: '{"ä":1}' });
});

test.each(["127.0.0.1", "localhost", "[::1]", "0.0.0.0"])("%s is refused where no range is allowed", async (host) => {
  const before = seen.length;
  await expect(nodePost({ allowRanges: [] })(new URL(`http://${host}:${port}/`), request())).rejects.toThrow(
    AddressRefused,
  );
  expect(seen.length).toBe(before);
});

test("the connection goes to the address that was checked, whatever the name says afterwards", async () => {
  let asked = 0;
  const resolve = async () => [{ address: asked++ === 0 ? "127.0.0.1" : "127.0.0.9", family: 4 }];
  const post = nodePost({ ...loopback, resolve });
  expect(await post(new URL(`http://rebinding.example:${port}/`), request())).toMatchObject({ status: 200 });
  expect(asked).toBe(1);
});

test("a name with a public and a private address is called at the public one alone", async () => {
  const addresses = [
    { address: "10.0.0.1", family: 4 },
    { address: "127.0.0.1", family: 4 },
  ];
  const post = nodePost({ ...loopback, resolve: async () => addresses });
  expect(await post(new URL(`http://two.example:${port}/`), request())).toMatchObject({ status: 200 });
  await expect(
    nodePost({ allowRanges: [], resolve: async () => addresses })(new URL(`http://two.example:${port}/`), request()),
  ).rejects.toThrow(AddressRefused);
});

test("a receiver that says nothing, and a resolver that never answers, end with the time", async () => {
  await expect(nodePost(loopback)(new URL(`http://127.0.0.1:${port}/silent`), request(100))).rejects.toThrow(
    /abort|time/i,
  );
  const never = nodePost({ ...loopback, resolve: () => new Promise(() => {}) });
  await expect(never(new URL("http://slow.example/"), request(100))).rejects.toThrow(/time/i);
});
