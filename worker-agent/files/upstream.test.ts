// A machine that reaches others only through a proxy: a real one that asks for a password, and servers behind it.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { connect, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { promisify } from "node:util";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { commitOf } from "../build/git.ts";
import { startGit } from "../build/testGit.ts";
import { holdSocket } from "../queue/socket.ts";
import { request, textOf } from "./request.ts";
import { Sources } from "./sources.ts";
import { Upstream } from "./upstream.ts";

const signal = AbortSignal.timeout(30_000);
/** What the proxy was asked to connect to. */
let asked: string[] = [];
let proxy: Upstream;
let proxyPort: number;

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Every name leads to this machine; nothing else than a tunnel is served. */
beforeEach(async () => {
  asked = [];
  const server = createServer((_request, response) => void response.writeHead(405).end());
  server.on("connect", ({ url = "", headers }, near) => {
    asked.push(url);
    const wanted = `Basic ${Buffer.from("us er:secret").toString("base64")}`;
    if (headers["proxy-authorization"] !== wanted) return void near.end("HTTP/1.1 407 Who asks?\r\n\r\n");
    const far = connect(Number(url.replace(/^.*:/, "")), "127.0.0.1", () => {
      near.write("HTTP/1.1 200 Connected\r\n\r\n");
      near.pipe(far).pipe(near);
    });
    far.on("error", () => near.destroy());
    near.on("error", () => far.destroy());
  });
  proxyPort = await listening(server);
  proxy = new Upstream({ url: `http://us%20er:secret@127.0.0.1:${proxyPort}`, except: [".local.example"] });
});

function sources(upstream = proxy): Sources {
  const resolve = async (host: string) => [
    { address: host.startsWith("in") ? "127.0.0.2" : "127.0.0.1", family: 4 } as const,
  ];
  const guard = { allowRanges: ["127.0.0.1/32"], ownAddresses: () => [], resolve, upstream };
  return new Sources({ api: "http://127.0.0.9:1", origins: [], guard, random: () => 0 });
}

const read = (url: string, from = sources()) => from.read(url, signal, textOf);
const named: RequestListener = ({ headers, method }, response) => response.end(`${method} for ${headers.host}`);

test("what a URL names goes through it, to the address that was checked", async () => {
  const port = await listening(createServer(named));
  expect(await read(`http://some.example:${port}/`)).toBe(`GET for some.example:${port}`);
  expect(asked).toEqual([`127.0.0.1:${port}`]);
  await expect(read(`http://inside.example:${port}/`)).rejects.toThrow(/not on the public internet/);
  expect(asked).toHaveLength(1);
});

test("https is checked for the name, behind the proxy too", async () => {
  const folder = await mkdtemp(join(tmpdir(), "longshore-tls-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [key, cert] = [join(folder, "key"), join(folder, "cert")];
  const names = ["-subj", "/CN=some.example", "-addext", "subjectAltName=DNS:some.example"];
  const make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  await promisify(execFile)("openssl", [...make, "-keyout", key, "-out", cert, ...names]);
  const certificate = await readFile(cert, "utf8");
  const port = await listening(createSecureServer({ key: await readFile(key), cert: certificate }, named));
  await expect(read(`https://some.example:${port}/`)).rejects.toThrow(/self-signed certificate/);
  const usual = getCACertificates();
  setDefaultCACertificates([...usual, certificate]);
  onTestFinished(() => setDefaultCACertificates(usual));
  expect(await read(`https://some.example:${port}/`)).toBe(`GET for some.example:${port}`);
  await expect(read(`https://another.example:${port}/`)).rejects.toThrow(/does not match certificate/);
  expect(new Set(asked)).toEqual(new Set([`127.0.0.1:${port}`]));
});

test("the control plane is asked by its name: its socket and its store", async () => {
  const server = createServer(named);
  const port = await listening(server);
  const sockets = new WebSocketServer({ server });
  onTestFinished(() => void sockets.close());
  const done = new AbortController();
  const opened = () => done.abort();
  const url = `ws://edge.example:${port}/`;
  const end = await holdSocket({ url, upstream: proxy, signal: done.signal, frame: () => {}, opened });
  expect(end.kind).toBe("lost");
  expect(done.signal.aborted).toBe(true);
  const body = { size: 1, open: () => Buffer.from("x") };
  const answer = await request(new URL(`http://edge.example:${port}/f/x`), {
    method: "PUT",
    signal,
    upstream: proxy,
    body,
  });
  expect(await textOf(answer)).toBe(`PUT for edge.example:${port}`);
  expect(asked).toEqual([`edge.example:${port}`, `edge.example:${port}`]);
});

test("git goes through it, too", async () => {
  const git = await startGit();
  onTestFinished(() => git.close());
  const commit = await git.commit("o/r.git", "main", { a: "a" });
  const folder = await mkdtemp(join(tmpdir(), "longshore-git-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const resolve = async () => [{ address: "127.0.0.1", family: 4 } as const];
  const guard = { allowRanges: ["127.0.0.1/32"], ownAddresses: () => [], resolve, upstream: proxy };
  const url = `${git.origin.replace("127.0.0.1", "git.example")}/o/r.git`;
  const source = { kind: "git", url, credential: undefined, point: { at: "head", folder: [] } } as const;
  const options = { folder, guard, newId: () => crypto.randomUUID(), certificates: undefined };
  expect(await commitOf(source, options, signal)).toEqual({ commit, folder: [] });
  expect(new Set(asked)).toEqual(new Set([git.origin.replace("http://", "")]));
});

test("hosts that are excepted, and this machine, are reached without it", async () => {
  const port = await listening(createServer(named));
  expect(await read(`http://a.local.example:${port}/`)).toBe(`GET for a.local.example:${port}`);
  expect(await read(`http://127.0.0.1:${port}/`)).toBe(`GET for 127.0.0.1:${port}`);
  expect(asked).toEqual([]);
});

test("a proxy that refuses, or is not there, is named", async () => {
  const stranger = new Upstream({ url: `http://127.0.0.1:${proxyPort}`, except: [] });
  await expect(read("http://some.example/", sources(stranger))).rejects.toThrow(
    /the proxy 127\.0\.0\.1 answered 407 to a connection with port 80/,
  );
  const away = new Upstream({ url: "http://127.0.0.1:1", except: [] });
  await expect(read("http://some.example/", sources(away))).rejects.toThrow(/the proxy 127\.0\.0\.1 can't be used/);
});
