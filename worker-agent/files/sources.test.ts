// Reading foreign URLs, against real HTTP servers on addresses of the loopback range.

import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { own, type Sha256 } from "../../wire/ids.ts";
import { ContentCache } from "./cache.ts";
import { textOf } from "./request.ts";
import { Sources } from "./sources.ts";

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(host: string, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://${host}:${address.port}`;
}

function sources(
  allowRanges: readonly string[],
  more: { api?: string; origins?: readonly string[]; silenceMs?: number } = {},
): Sources {
  const guard = { allowRanges, ownAddresses: () => [] };
  return new Sources({ api: "http://127.0.0.9:1", origins: [], guard, random: () => 0, ...more });
}

function read(from: Sources, url: string): Promise<string> {
  return from.read(url, AbortSignal.timeout(20_000), textOf);
}

test("an allowed address is read, a redirect to one that is not is refused", async () => {
  const inside = await serve("127.0.0.2", (_request, response) => response.end("secret"));
  const outside = await serve("127.0.0.1", (request, response) => {
    if (request.url === "/go") response.writeHead(302, { location: inside }).end();
    else response.end("fine");
  });
  const allowed = sources(["127.0.0.1/32"]);
  expect(await read(allowed, `${outside}/`)).toBe("fine");
  await expect(read(allowed, `${outside}/go`)).rejects.toThrow(/127\.0\.0\.2 .*not on the public internet/);
  await expect(read(sources([]), outside)).rejects.toThrow(/not on the public internet/);
});

test("trouble of the server is tried again, a refusal is not", async () => {
  const asked: string[] = [];
  const origin = await serve("127.0.0.1", (request, response) => {
    asked.push(String(request.url));
    if (request.url?.startsWith("/gone"))
      response.writeHead(404, { "content-type": "application/json" }).end('{"error":"It was never here."}');
    else if (asked.length < 3) response.writeHead(503).end();
    else response.end("late");
  });
  expect(await read(sources(["127.0.0.0/8"]), `${origin}/busy`)).toBe("late");
  await expect(read(sources(["127.0.0.0/8"]), `${origin}/gone?token=secret`)).rejects.toThrow(
    /\/gone answered 404: It was never here\.$/,
  );
  expect(asked).toEqual(["/busy", "/busy", "/busy", "/gone?token=secret"]);
});

test("a connection that breaks in the middle is tried again", async () => {
  let tries = 0;
  const origin = await serve("127.0.0.1", (_request, response) => {
    tries += 1;
    response.writeHead(200, { "content-length": "5" });
    if (tries > 1) response.end("whole");
    else response.write("wh", () => response.destroy());
  });
  expect(await read(sources(["127.0.0.0/8"]), origin)).toBe("whole");
});

test("a transfer that falls silent, its connection open, is given up and tried again", async () => {
  let tries = 0;
  const origin = await serve("127.0.0.1", (_request, response) => {
    tries += 1;
    if (tries === 1) return;
    response.writeHead(200, { "content-length": "5" });
    if (tries === 2) response.write("wh");
    else response.end("whole");
  });
  expect(await read(sources(["127.0.0.0/8"], { silenceMs: 200 }), origin)).toBe("whole");
  expect(tries).toBe(3);
});

test("content that is too much or another one is refused once, and says so", async () => {
  let asked = 0;
  const origin = await serve("127.0.0.1", (_request, response) => {
    asked += 1;
    response.end(Buffer.alloc(4 * 1024 * 1024));
  });
  const folder = await mkdtemp(join(tmpdir(), "longshore-sources-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const cache = await ContentCache.open(folder, () => crypto.randomUUID());
  const signal = AbortSignal.timeout(20_000);
  const add = (options: { readonly bytesMax: number; readonly expected?: Sha256 }) =>
    sources(["127.0.0.0/8"]).read(origin, signal, (body) => cache.add(body, { ...options, signal }));
  await expect(add({ bytesMax: 1024 * 1024 })).rejects.toThrow("It is larger than 1048576 bytes.");
  await expect(add({ bytesMax: 2 ** 30, expected: own.sha256("0".repeat(64)) })).rejects.toThrow(/as promised/);
  expect(asked).toBe(2);
});

test("redirects end", async () => {
  const origin = await serve("127.0.0.1", (_request, response) =>
    response.writeHead(302, { location: "/again" }).end(),
  );
  await expect(read(sources(["127.0.0.0/8"]), origin)).rejects.toThrow(/redirects more than/);
});

test("this deployment's own files come from the agent's API address, and its blobs from wherever that sends us", async () => {
  const store = await serve("127.0.0.2", (request, response) => response.end(`store ${request.url}`));
  const api = await serve("127.0.0.3", (request, response) => {
    const location = request.url?.startsWith("/f/") ? `${store}/signed` : `${store}/named-by-a-stranger`;
    response.writeHead(302, { location }).end();
  });
  const own = sources([], { api, origins: ["https://longshore.example.org"] });
  expect(await read(own, "https://longshore.example.org/f/abc")).toBe("store /signed");
  await expect(read(own, "https://longshore.example.org/j/abc/inputs/a")).rejects.toThrow(/not on the public internet/);
  await expect(read(own, `${api}/healthz`)).rejects.toThrow(/not on the public internet/);
});
