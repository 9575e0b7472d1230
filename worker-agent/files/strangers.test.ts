// URLs of strangers that lead inside: by their spelling, by their name, by a redirect, or by a name that changes its mind.

import { createServer, type RequestListener } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Address } from "./guard.ts";
import { textOf } from "./request.ts";
import { Sources } from "./sources.ts";

const outside = "127.0.0.1";
const inside = "127.0.0.2";

/** Servers on one port, so that only the address tells them apart: one that may be read, and one that may not. */
async function twoServers(listener: RequestListener) {
  const asked: string[] = [];
  const open = async (host: string, port: number, answer: RequestListener) => {
    const server = createServer(answer);
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return address.port;
  };
  const port = await open(outside, 0, listener);
  await open(inside, port, (request, response) => {
    asked.push(String(request.url));
    response.end("secret");
  });
  return { port, asked };
}

interface Names {
  readonly [host: string]: readonly string[];
}

/** Names lead to one of their addresses after the other, then stay with the last. */
function sources(names: Names = {}) {
  const looked: string[] = [];
  const resolve = async (host: string): Promise<readonly Address[]> => {
    const addresses = names[host] ?? [host];
    const turn = looked.filter((name) => name === host).length;
    looked.push(host);
    return [{ address: addresses[Math.min(turn, addresses.length - 1)] ?? host, family: 4 }];
  };
  const guard = { allowRanges: [`${outside}/32`], ownAddresses: () => [], resolve };
  const from = new Sources({ api: "http://127.0.0.9:1", origins: [], guard, random: () => 0 });
  return { looked, read: (url: string) => from.read(url, AbortSignal.timeout(20_000), textOf) };
}

describe("a name", () => {
  test("that means another address by the time of the connection is read where it was checked", async () => {
    const { port, asked } = await twoServers((request, response) => response.end(`for ${request.headers.host}`));
    const { read, looked } = sources({ "rebind.example": [outside, inside] });
    expect(await read(`http://rebind.example:${port}/`)).toBe(`for rebind.example:${port}`);
    expect(looked).toEqual(["rebind.example"]);
    expect(asked).toEqual([]);
  });

  test("that means another address when it is tried again is refused then", async () => {
    const { port, asked } = await twoServers((_request, response) => response.writeHead(503).end());
    const { read } = sources({ "rebind.example": [outside, inside] });
    await expect(read(`http://rebind.example:${port}/`)).rejects.toThrow(/not on the public internet/);
    expect(asked).toEqual([]);
  });

  test("that means another address behind a redirect to itself is refused", async () => {
    const { port, asked } = await twoServers((_request, response) =>
      response.writeHead(302, { location: "/again" }).end(),
    );
    const { read } = sources({ "rebind.example": [outside, inside] });
    await expect(read(`http://rebind.example:${port}/`)).rejects.toThrow(/not on the public internet/);
    expect(asked).toEqual([]);
  });
});

describe("a redirect inside is refused", () => {
  const inward = /not on the public internet/;
  const strange = /neither http nor https/;
  const locations: readonly (readonly [why: string, location: (port: number) => string, says: RegExp])[] = [
    ["by address", (port) => `http://${inside}:${port}/`, inward],
    ["without a scheme", (port) => `//${inside}:${port}/`, inward],
    ["in hexadecimal", (port) => `http://0x7f000002:${port}/`, inward],
    ["in octal", (port) => `http://0177.0.0.2:${port}/`, inward],
    ["as one number", (port) => `http://2130706434:${port}/`, inward],
    ["in short", (port) => `http://127.2:${port}/`, inward],
    ["with dots of another script", (port) => `http://127\u30020\u30020\u30022:${port}/`, inward],
    ["behind a user's name", (port) => `http://${outside}:${port}@${inside}:${port}/`, inward],
    ["mapped into IPv6", (port) => `http://[::ffff:${inside}]:${port}/`, inward],
    ["translated into IPv6", (port) => `http://[64:ff9b::7f00:2]:${port}/`, inward],
    ["as 6to4", (port) => `http://[2002:7f00:2::]:${port}/`, inward],
    ["to any address", (port) => `http://0.0.0.0:${port}/`, inward],
    ["to a link-local address", () => "http://169.254.169.254/latest/meta-data/", inward],
    ["to a private network", () => "http://10.0.0.1/", inward],
    ["to a carrier's network", () => "http://100.64.0.1/", inward],
    ["to a file", () => "file:///etc/passwd", strange],
    ["to another protocol", (port) => `gopher://${inside}:${port}/`, strange],
    ["to data", () => "data:text/plain,secret", strange],
  ];
  test.each(locations)("%s", async (_why, location, says) => {
    for (const status of [301, 307]) {
      const { port, asked } = await twoServers((request, response) => {
        const target = encodeURI(location(port)).replace(/%25/g, "%").replace("%5B", "[").replace("%5D", "]");
        response.writeHead(request.url === "/" ? status : 200, { location: target }).end();
      });
      const { read } = sources();
      await expect(read(`http://${outside}:${port}/`)).rejects.toThrow(says);
      expect(asked).toEqual([]);
    }
  });
});
