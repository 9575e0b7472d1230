// What comes back of a folder that a job has written, and what is only named.

import { execFile } from "node:child_process";
import { link, mkdir, mkdtemp, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createSocketServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { contentHashOf } from "../../wire/ids.ts";
import { resultBytesMax } from "../../wire/limits.ts";
import { outputsMax } from "../limits.ts";
import { collectOutputs } from "./outputs.ts";
import { BlobUpload } from "./upload.ts";

const run = promisify(execFile);
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "longshore-outputs-"));
});
afterEach(async () => {
  // Node's own can't remove a tree that is deeper than a path may be long.
  await run("rm", ["-rf", folder]);
});

/** A store that takes everything; what it was asked, and the outputs that it was given. */
async function collect() {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.method === "GET") response.writeHead(404).end("{}");
    else request.resume().on("end", () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const api = `http://127.0.0.1:${address.port}`;
  const blobs = new BlobUpload({ api, random: Math.random, ask: async () => ({ is: "whole" }) });
  const notes: string[] = [];
  const tools = { origin: api, blobs, now: Date.now, note: (text: string) => notes.push(text) };
  const { outputs, outputSizes } = await collectOutputs(folder, tools, AbortSignal.timeout(60_000));
  return { outputs, outputSizes, notes, asked };
}

const write = (name: string, content = name) => writeFile(join(folder, name), content);

describe("outputs", () => {
  test("links within the folder come back as what they lead to; every other link is named", async () => {
    await mkdir(join(folder, "deep/er"), { recursive: true });
    await write("v2.txt", "second");
    await write("deep/er/x", "x");
    await link(join(folder, "v2.txt"), join(folder, "hard"));
    const links: Record<string, string> = {
      latest: "v2.txt",
      again: "latest",
      absolute: "/outputs/v2.txt",
      "deep/up": "../v2.txt",
      "deep/down": "./er/x",
      "out-passwd": "/etc/passwd",
      "out-parent": "../../../../../../etc/passwd",
      "out-host": join(folder, "v2.txt"),
      "out-root": "/",
      "to-folder": "deep",
      "through-folder": "to-folder/er/x",
      gone: "nowhere",
      itself: "itself",
      loop: "pool",
      pool: "loop",
    };
    for (const [name, target] of Object.entries(links)) await symlink(target, join(folder, name));
    const { outputs, outputSizes, notes } = await collect();
    const taken = ["absolute", "again", "deep/down", "deep/er/x", "deep/up", "hard", "latest", "v2.txt"];
    expect(Object.keys(outputs)).toEqual(taken);
    expect(outputs.again).toEqual(outputs["v2.txt"]);
    expect(outputSizes.again).toBe(6);
    const named = Object.keys(links).filter((name) => !taken.includes(name));
    expect(notes).toHaveLength(named.length);
    for (const name of named)
      expect(notes.join("\n")).toContain(`${JSON.stringify(name)} is a link that leads to no file`);
  });

  test("pipes, sockets and devices are named, and nobody waits for them", async () => {
    await run("mkfifo", [join(folder, "pipe")]);
    await run("mknod", [join(folder, "null"), "c", "1", "3"]);
    const server = createSocketServer();
    await new Promise<void>((resolve) => server.listen(join(folder, "socket"), resolve));
    onTestFinished(() => void server.close());
    await write("file");
    const { outputs, notes } = await collect();
    expect(Object.keys(outputs)).toEqual(["file"]);
    expect(notes.sort()).toEqual(
      ["null", "pipe", "socket"].map((name) => `Not taken from /outputs: "${name}" is no regular file.`),
    );
  });

  test("odd names come back as they are; those that no result could hold are named", async () => {
    const fine = [
      "a b",
      "-rf",
      "'\"$(x)`",
      "\\",
      "%2e%2e",
      "..a",
      ".hidden",
      "gr\u00fcn",
      "gru\u0308n",
      "\u{1f680}",
      "con",
      "a:b",
    ];
    for (const name of fine) await write(name);
    for (const name of ["a\nb", "tab\t", "\u001b[31m", "__proto__", "constructor"]) await write(name);
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x66, 0xff])]), "x");
    await mkdir(join(folder, "x".repeat(255)));
    await write(`${"x".repeat(255)}/file`);
    const { outputs, notes } = await collect();
    expect(Object.keys(outputs).sort()).toEqual([...fine, `${"x".repeat(255)}/file`].sort());
    expect(notes).toHaveLength(6);
  });

  test("a tree comes back as deep as a path may be, and what lies deeper is named", async () => {
    const deep = (levels: number) => Array.from({ length: levels }, () => "dddd").join("/");
    await run("mkdir", ["-p", join(folder, deep(400))]);
    await write(`${deep(400)}/f`);
    await mkdir(join(folder, "e"));
    await run("mkdir", ["-p", deep(1200)], { cwd: join(folder, "e") });
    const { outputs, notes } = await collect();
    expect(Object.keys(outputs)).toEqual([`${deep(400)}/f`]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/is longer than 2048 bytes/);
  });

  test("a thousand of a kilobyte ride in the result: no request for any of them", async () => {
    const names = Array.from({ length: 1000 }, (_, i) => `${i}.txt`);
    await Promise.all(names.map((name) => write(name, name.padEnd(1024, "."))));
    const { outputs, asked } = await collect();
    expect(asked).toEqual([]);
    const ref = outputs["7.txt"];
    expect(ref?.type === "base64" && Buffer.from(ref.value, "base64").toString()).toBe("7.txt".padEnd(1024, "."));
    expect(JSON.stringify(outputs).length).toBeLessThan(2 * 1024 ** 2);
  });

  test("a few of them do only up to a size, and the others are sent once for each content", async () => {
    const names = Array.from({ length: 20 }, (_, i) => `${i}.txt`);
    await Promise.all(names.map((name, i) => write(name, String(i).padEnd(4096, "."))));
    await Promise.all(["x", "y", "z"].map((name) => write(name, "same".repeat(2000))));
    const { outputs, asked } = await collect();
    expect(Object.values(outputs).filter(({ type }) => type === "base64")).toHaveLength(4);
    expect(asked).toHaveLength(17);
    const ref = outputs.z;
    expect(ref?.type === "url" && contentHashOf(ref.value.split("/").at(-1) ?? "")).toBe(ref?.hash);
  });

  test("more than a result can name: as many as it can come back, and the log says how many do not", async () => {
    await run("sh", ["-c", `cd "$1" && seq -f "%06.0f" 1 ${outputsMax + 30} | xargs touch`, "sh", folder]);
    const result = await collect();
    expect(Object.keys(result.outputs)).toHaveLength(outputsMax);
    expect(JSON.stringify(result).length).toBeLessThan(resultBytesMax);
    expect(result.notes).toHaveLength(21);
    expect(result.notes[0]).toBe(`Not taken from /outputs: "100001" is one more than ${outputsMax}.`);
    expect(result.notes.at(-1)).toMatch(/: 10 more;/);
  });

  test("a file that no store takes is named before anyone reads it", async () => {
    await write("sparse", "");
    await truncate(join(folder, "sparse"), 2 ** 42);
    await write("file");
    const { outputs, notes } = await collect();
    expect(Object.keys(outputs)).toEqual(["file"]);
    expect(notes.join()).toMatch(/"sparse" can't be taken: it has 4398046511104 bytes/);
  });
});
